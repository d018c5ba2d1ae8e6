//! Blocks of a document: `<!-- generated: NAME -->` or `<!-- checked: NAME -->`, up to `<!-- end -->`.
//! A generated one is made here; a checked one is drawn by hand and held against the code.

use std::{
    fs,
    sync::{Mutex, PoisonError},
};

use crate::{HANDOVER, REFERENCE, markdown, read, workspace};

const END: &str = "<!-- end -->";

/// Every block, with its document. A marker that is not here would be a promise that nobody keeps.
const BLOCKS: [(&str, &str); 12] = [
    (REFERENCE, "generated: settings"),
    (REFERENCE, "generated: function defaults"),
    (REFERENCE, "generated: function variables"),
    (HANDOVER, "generated: crates"),
    (HANDOVER, "checked: deployment"),
    (HANDOVER, "generated: schema"),
    (HANDOVER, "generated: columns"),
    (HANDOVER, "checked: account"),
    (HANDOVER, "checked: pair"),
    (HANDOVER, "checked: session"),
    (HANDOVER, "checked: enrolment"),
    (HANDOVER, "generated: figures"),
];

/// Two tests may write into one document.
static WRITING: Mutex<()> = Mutex::new(());

/// Holds a generated block to what was `made`, or writes that into it.
pub(crate) fn hold(document: &str, name: &str, made: &str) {
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let text = read(document);
    let (before, inside, after) = split(&text, document, &format!("generated: {name}"));
    let made = format!("\n{made}\n");
    if std::env::var("SESAME_WRITE_DOCS").is_ok_and(|value| value == "1") {
        fs::write(workspace().join(document), format!("{before}{made}{after}")).unwrap();
        return;
    }
    assert!(
        inside == made,
        "{document}: `{name}` is not what the code says. Run SESAME_WRITE_DOCS=1 cargo test -p server \
         --test documents. It should read:\n{made}"
    );
}

/// What stands in a block that is drawn by hand.
pub(crate) fn drawn(document: &str, name: &str) -> String {
    let text = read(document);
    let (_, inside, _) = split(&text, document, &format!("checked: {name}"));
    inside.to_owned()
}

/// The text up to and with a block's marker, the block, and the rest.
fn split<'a>(text: &'a str, document: &str, marker: &str) -> (&'a str, &'a str, &'a str) {
    let marker = format!("<!-- {marker} -->");
    let start = text.find(&marker).unwrap_or_else(|| panic!("{document} has no {marker}")) + marker.len();
    let length = text[start..].find(END).unwrap_or_else(|| panic!("{document}: {marker} has no end"));
    (&text[..start], &text[start..start + length], &text[start + length..])
}

#[test]
fn every_block_is_held_against_the_code() {
    for document in markdown::documents() {
        let markers = document.text.lines().filter_map(|line| {
            let name = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
            (name.starts_with("generated: ") || name.starts_with("checked: ")).then_some(name)
        });
        for marker in markers {
            assert!(
                BLOCKS.contains(&(document.name.as_str(), marker)),
                "{}: no test holds `{marker}`",
                document.name
            );
        }
    }
    for (document, marker) in BLOCKS {
        split(&read(document), document, marker);
    }
}
