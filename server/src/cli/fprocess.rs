//! What to run when OpenFaaS starts the program: it starts an image with the image's own command and
//! says in the variable `fprocess` what is meant, as of-watchdog reads it.

use std::ffi::{OsStr, OsString};

/// The variable.
pub(super) const VARIABLE: &str = "fprocess";

/// The arguments to go by, the program's name first: those of `fprocess` in the place of none or of
/// `serve`, which is the image's own command. Whoever types another one in such a container means it.
pub(super) fn arguments(given: Vec<OsString>, fprocess: Option<&str>) -> anyhow::Result<Vec<OsString>> {
    let is_default = given.get(1).is_none_or(|command| command == "serve");
    let Some(line) = fprocess.filter(|line| is_default && !line.trim().is_empty()) else {
        return Ok(given);
    };
    let words: Vec<OsString> = line.split_ascii_whitespace().map(OsString::from).collect();
    let program = words.first().and_then(|word| std::path::Path::new(word).file_name());
    anyhow::ensure!(
        program == Some(OsStr::new("sesame")),
        "{VARIABLE} does not start with `sesame`: set it to `sesame function NAME`."
    );
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(given: &[&str], fprocess: Option<&str>) -> Option<Vec<String>> {
        let chosen = arguments(given.iter().map(OsString::from).collect(), fprocess).ok()?;
        Some(chosen.into_iter().map(|word| word.into_string().unwrap()).collect())
    }

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn it_replaces_the_image_s_own_command_and_no_other() {
        let function = Some("sesame function generate-2fa");
        for own in [&["sesame"][..], &["/usr/bin/sesame", "serve", "--listen", "0.0.0.0:8080"]] {
            assert_eq!(chosen(own, function), Some(words("sesame function generate-2fa")));
            assert_eq!(
                chosen(own, Some("/usr/bin/sesame  migrate\n")),
                Some(words("/usr/bin/sesame migrate"))
            );
            assert_eq!(chosen(own, Some(" ")), Some(words(&own.join(" "))), "empty is not there");
        }
        assert_eq!(chosen(&["sesame", "doctor"], function), Some(words("sesame doctor")));
        assert_eq!(chosen(&["sesame", "serve"], None), Some(words("sesame serve")));
    }

    #[test]
    fn a_program_that_is_not_this_one_is_refused() {
        for other in ["python index.py", "sesame-x function generate-2fa", "function generate-2fa"] {
            assert_eq!(chosen(&["sesame", "serve"], Some(other)), None, "{other}");
        }
    }
}
