//! The picture of an enrolment, drawn by hand, against the API: each question goes to the function
//! that has its route, asks and answers what the OpenAPI document says, and no route that gives or
//! takes a ticket is missing.

use std::collections::{BTreeMap, BTreeSet};

use domain::error::ErrorCode;
use serde_json::Value;
use server::http::{Function, openapi};

use crate::{HANDOVER, block};

#[test]
fn the_enrolment_s_picture_is_the_api() {
    let api = Api::new();
    let mut names = BTreeMap::new();
    let mut asked = String::new();
    let mut shown = BTreeSet::new();
    let drawn = block::drawn(HANDOVER, "enrolment");
    for line in drawn.lines().map(str::trim) {
        if let Some(participant) = line.strip_prefix("participant ") {
            let (id, name) = participant.split_once(" as ").expect("a name");
            names.insert(id, name);
            continue;
        }
        let Some((ends, message)) = line.split_once(": ") else { continue };
        if ends.contains("-->>") {
            api.holds_answer(&asked, message);
        } else if let Some((_, to)) = ends.split_once("->>") {
            asked = api.holds_question(names[to], message);
            shown.insert(asked.clone());
        }
    }
    assert_eq!(shown, api.routes_with_tickets(), "the routes that give or take a ticket");
}

/// The OpenAPI document.
struct Api(Value);

/// The fields of one form of a body, with what each may be.
type Fields = BTreeMap<String, Value>;

impl Api {
    fn new() -> Self {
        Self(serde_json::to_value(openapi::document()).unwrap())
    }

    /// Holds `POST /api/route {fields}` and the one it is asked of; answers the route.
    fn holds_question(&self, name: &str, message: &str) -> String {
        let route = message.split(' ').nth(1).expect("a route");
        let function = Function::named(name).unwrap_or_else(|| panic!("{name} is no function"));
        assert!(function.paths().contains(&route), "{name} does not answer at {route}");
        let forms = self.question(route);
        assert!(forms.iter().any(|form| is_form(form, message)), "{message}: the fields are {forms:?}");
        route.to_owned()
    }

    /// Holds `200 {fields}`, or `STATUS code` of a refusal.
    fn holds_answer(&self, route: &str, message: &str) {
        let (status, rest) = message.split_once(' ').expect("a status");
        if status == "200" {
            let forms = self.answer(route);
            assert!(forms.iter().any(|form| is_form(form, message)), "{route} {message}: {forms:?}");
            return;
        }
        let word = rest.split([' ', ',']).next().unwrap();
        let code = ErrorCode::ALL.into_iter().find(|code| code.word() == word).expect("an error's code");
        assert_eq!(code.status().to_string(), status, "{word}");
        assert!(!self.operation(route)["responses"][status].is_null(), "{route} never answers {status}");
    }

    fn operation(&self, route: &str) -> &Value {
        &self.0["paths"][route]["post"]
    }

    fn question(&self, route: &str) -> Vec<Fields> {
        self.forms(&self.operation(route)["requestBody"]["content"]["application/json"]["schema"])
    }

    fn answer(&self, route: &str) -> Vec<Fields> {
        self.forms(&self.operation(route)["responses"]["200"]["content"]["application/json"]["schema"])
    }

    /// The forms that a body of `schema` may have.
    fn forms(&self, schema: &Value) -> Vec<Fields> {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.forms(self.0.pointer(reference.trim_start_matches('#')).unwrap());
        }
        if let Some(forms) = schema["oneOf"].as_array() {
            return forms.iter().flat_map(|form| self.forms(form)).collect();
        }
        let fields = schema["properties"].as_object();
        fields.map(|fields| fields.clone().into_iter().collect()).into_iter().collect()
    }

    fn routes_with_tickets(&self) -> BTreeSet<String> {
        let has_ticket = |forms: Vec<Fields>| forms.iter().any(|form| form.contains_key("ticket"));
        openapi::ENDPOINTS
            .iter()
            .map(|endpoint| endpoint.path)
            .filter(|route| has_ticket(self.question(route)) || has_ticket(self.answer(route)))
            .map(str::to_owned)
            .collect()
    }
}

/// Whether `{field, field: value}` in a message names all fields of `form` and no other.
fn is_form(form: &Fields, message: &str) -> bool {
    let named = message.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
    let named: BTreeMap<&str, Option<&str>> = named
        .map_or("", |(fields, _)| fields)
        .split(',')
        .map(|field| match field.split_once(':') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (field.trim(), None),
        })
        .collect();
    let may_be = |(name, value): (&str, Option<&str>)| {
        let allowed = form.get(name).and_then(|about| about["enum"].as_array());
        value.is_none_or(|value| allowed.is_some_and(|words| words.iter().any(|word| word == value)))
    };
    form.keys().map(String::as_str).eq(named.keys().copied()) && named.into_iter().all(may_be)
}
