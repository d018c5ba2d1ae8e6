//! Finding the site folder: scripts, styles and pictures, built beside the program.

use std::path::{Path, PathBuf};

use crate::http::OUTPUT_NAME;

/// A file that every complete site folder has.
const PROBE: &str = "pkg/sesame.js";

/// The folder was found nowhere.
#[derive(Debug, thiserror::Error)]
#[error(
    "The site folder (scripts and styles of the pages) is missing: looked in {}. Build it with \
     `make build`, or name it with SESAME_SITE_DIR.",
    .0.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
)]
pub struct SiteNotFound(Vec<PathBuf>);

/// The site folder: the named one, or `site` beside the program, one level up (`target/release` →
/// `target/site`), or where an installation puts it.
pub fn find(named: Option<&Path>) -> Result<PathBuf, SiteNotFound> {
    let candidates = match named {
        Some(path) => vec![path.to_owned()],
        None => beside_program(std::env::current_exe().ok().as_deref()),
    };
    match candidates.iter().find(|path| path.join(PROBE).is_file()) {
        Some(found) => Ok(found.clone()),
        None => Err(SiteNotFound(candidates)),
    }
}

/// What a page asks for and `folder` lacks.
#[must_use]
pub fn missing_in(folder: &Path) -> Vec<String> {
    let files = ["js", "wasm", "css"].map(|kind| format!("pkg/{OUTPUT_NAME}.{kind}"));
    files.into_iter().filter(|file| !folder.join(file).is_file()).collect()
}

fn beside_program(program: Option<&Path>) -> Vec<PathBuf> {
    let folder = program.and_then(Path::parent);
    let beside = folder.map(|folder| folder.join("site"));
    let above = folder.and_then(Path::parent).map(|folder| folder.join("site"));
    [beside, above, Some(PathBuf::from("/usr/share/sesame/site"))].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_beside_or_above_the_program_is_found_and_an_incomplete_one_is_not() {
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join("release/sesame");
        assert_eq!(
            beside_program(Some(&program))[..2],
            [root.path().join("release/site"), root.path().join("site")]
        );
        let named = root.path().join("site");
        std::fs::create_dir_all(named.join("pkg")).unwrap();
        let error = find(Some(&named)).unwrap_err().to_string();
        assert!(error.contains("make build") && error.contains("SESAME_SITE_DIR"), "{error}");
        std::fs::write(named.join(PROBE), "").unwrap();
        assert_eq!(find(Some(&named)).unwrap(), named);
        assert_eq!(missing_in(&named), ["pkg/sesame.wasm", "pkg/sesame.css"]);
    }
}
