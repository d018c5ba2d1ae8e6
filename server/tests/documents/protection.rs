//! What is said of personal data, to the controller and to people, against what is classified in the
//! schema (`privacy.rs`): docs/security/data-protection.md and the notice, `/confidentialite`.

use std::collections::BTreeSet;

use crate::{
    markdown::spans,
    privacy::{Class, Field, columns},
    read,
};

const DOCUMENT: &str = "docs/security/data-protection.md";

/// A kind of data: its line in the document, and how the notice calls it, in French and in English.
struct Kind {
    line: &'static str,
    notice: [&'static str; 2],
}

const fn kind(field: Field) -> Kind {
    let (line, french, english) = match field {
        Field::Name => ("Identifiant · name", "Votre identifiant.", "Your username."),
        Field::Registration => {
            ("Inscription · registration", "création du compte", "creation of the account")
        }
        Field::LastSignIn => ("Dernière connexion · last sign-in", "dernière connexion", "last sign-in"),
        Field::AgeOfSecrets => (
            "Âge des secrets · age of the secrets",
            "fin de validité des secrets",
            "end of validity of the secrets",
        ),
        Field::Sessions => (
            "Sessions · sessions",
            "ouverture, dernière utilisation et fin des sessions",
            "beginning, last use and end of sessions",
        ),
        Field::Device => ("Appareil · device", "la famille du navigateur", "the family of the browser"),
        Field::Events => ("Journal · events", "Un journal de sécurité", "A security log"),
    };
    Kind { line, notice: [french, english] }
}

/// Not fields of their own, but about people all the same.
const SECRETS: Kind = Kind { line: "Secrets · secrets", notice: ["Vos secrets,", "Your secrets,"] };
const THROTTLE: Kind = Kind {
    line: "Freins · throttle",
    notice: ["Une empreinte passagère de votre réseau", "A short-lived fingerprint of your network"],
};

fn kinds() -> impl Iterator<Item = Kind> {
    Field::ALL.into_iter().map(kind).chain([SECRETS, THROTTLE])
}

/// The line of the document that a column belongs to, if it is about people.
fn line_of(column: &str, class: Class) -> Option<&'static str> {
    match class {
        Class::Personal(field, _) => Some(kind(field).line),
        Class::Secret => Some(SECRETS.line),
        Class::Reference if column == "throttle_lanes.lane" => Some(THROTTLE.line),
        Class::Reference | Class::Technical => None,
    }
}

/// The cells of each line of the table of the data.
fn table(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().skip_while(|line| !line.starts_with("| donnée · data |")).skip(2);
    rows.map_while(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|line| line.split(" | ").map(str::trim).collect())
        .collect()
}

#[test]
fn req_gdpr_13_30_32_33_35_every_personal_column_stands_in_the_record_with_purpose_ground_and_retention() {
    let text = read(DOCUMENT);
    let rows = table(&text);
    let lines: Vec<&str> = rows.iter().map(|cells| cells[0]).collect();
    assert_eq!(lines, kinds().map(|kind| kind.line).collect::<Vec<_>>());
    for cells in &rows {
        assert_eq!(cells.len(), 5, "{cells:?}");
        assert!(cells.iter().all(|cell| cell.len() > 5), "{}: a cell says nothing", cells[0]);
        let named: BTreeSet<&str> = spans(cells[1]).collect();
        let expected: BTreeSet<String> = columns()
            .filter(|(column, class)| line_of(column, *class) == Some(cells[0]))
            .map(|(column, _)| column)
            .collect();
        assert_eq!(named, expected.iter().map(String::as_str).collect(), "{}", cells[0]);
    }
}

#[test]
fn req_gdpr_13_30_32_33_35_the_notice_names_every_kind_of_data_in_both_languages() {
    for (language, texts) in ["app/src/i18n/fr.rs", "app/src/i18n/en.rs"].into_iter().enumerate() {
        let text = read(texts);
        let (_, notice) = text.split_once("privacy: Article {").expect("the notice");
        for kind in kinds() {
            let words = kind.notice[language];
            assert!(notice.contains(words), "{texts}: the notice says nothing of {}: «{words}»", kind.line);
        }
    }
}

#[test]
fn req_gdpr_13_30_32_33_35_the_document_has_a_part_for_every_duty() {
    let text = read(DOCUMENT);
    let headings: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).collect();
    for article in [13, 15, 17, 30, 32, 33, 35] {
        let duty = [format!("(article {article})"), format!("(articles {article} ")];
        assert!(
            headings.iter().any(|heading| duty.iter().any(|duty| heading.contains(duty.as_str()))),
            "article {article}: {headings:#?}"
        );
    }
    assert!(text.contains("(runbook.md#the-duty-to-notify-72-hours)"));
}
