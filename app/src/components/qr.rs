//! QR codes as inline SVG: one path, black on white in every theme, with a quiet zone of four
//! modules. Drawn here, in the browser: no image travels.

#![expect(clippy::needless_pass_by_value, reason = "a component owns what it is given")]

use std::fmt::Write as _;

use leptos::prelude::*;
use qrcode::{Color, EcLevel, QrCode};

/// Modules of white around the code (ISO/IEC 18004).
const QUIET: usize = 4;

/// A QR code of `value`, whose accessible name says what it is for and never what it holds.
#[component]
pub(crate) fn Qr(
    /// The accessible name.
    #[prop(into)]
    name: TextProp,
    /// What is encoded.
    value: String,
) -> impl IntoView {
    draw(&value)
        .map(|Drawing { side, path }| {
            view! {
                <div class="qr">
                    <svg
                        role="img"
                        aria-label=move || name.get()
                        viewBox=format!("0 0 {side} {side}")
                        shape-rendering="crispEdges"
                    >
                        <path fill="#fff" d=format!("M0 0h{side}v{side}H0z")/>
                        <path fill="#000" d=path/>
                    </svg>
                </div>
            }
        })
        .into_any()
}

struct Drawing {
    /// Modules along one side, quiet zone included.
    side: usize,
    /// The dark modules, one rectangle for each horizontal run.
    path: String,
}

/// `None` where the value is too long for any QR code.
fn draw(value: &str) -> Option<Drawing> {
    let code = QrCode::with_error_correction_level(value, EcLevel::M).ok()?;
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(code.width()).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                let length = run.len();
                // Writing to a String does not fail.
                let _ = write!(path, "M{} {}h{length}v1h-{length}z", x + QUIET, y + QUIET);
            }
            x += run.len();
        }
    }
    Some(Drawing { side: code.width() + 2 * QUIET, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The drawing, back as rows of modules: `#` is dark.
    fn modules(drawing: &Drawing) -> Vec<String> {
        let mut rows = vec![vec![' '; drawing.side]; drawing.side];
        for rectangle in drawing.path.split('M').skip(1) {
            let (x, rest) = rectangle.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let (length, _) = rest.split_once('v').unwrap();
            let (x, y, length): (usize, usize, usize) =
                (x.parse().unwrap(), y.parse().unwrap(), length.parse().unwrap());
            rows[y][x..x + length].fill('#');
        }
        rows.into_iter().map(String::from_iter).collect()
    }

    #[test]
    fn the_path_draws_every_module_and_a_quiet_zone_of_four() {
        let password = "kR7#mVt2+Qx9wHs4?pLz8!Nd";
        let drawing = draw(password).unwrap();
        let rows = modules(&drawing);
        let code = QrCode::with_error_correction_level(password, EcLevel::M).unwrap();
        assert_eq!(drawing.side, code.width() + 8);
        for (y, row) in rows.iter().enumerate() {
            for (x, module) in row.chars().enumerate() {
                let inside =
                    (QUIET..drawing.side - QUIET).contains(&x) && (QUIET..drawing.side - QUIET).contains(&y);
                let dark = inside && code[(x - QUIET, y - QUIET)] == Color::Dark;
                assert_eq!(module == '#', dark, "{x} {y}");
            }
        }
    }

    #[test]
    fn a_value_that_fits_no_code_is_none() {
        assert!(draw(&"x".repeat(10_000)).is_none());
    }

    #[test]
    fn an_otpauth_uri_keeps_four_pixels_a_module_at_the_drawn_size() {
        let uri = format!(
            "otpauth://totp/COFRAP:{}?secret={}&issuer=COFRAP&algorithm=SHA1&digits=6&period=30",
            "a".repeat(64),
            "A".repeat(32)
        );
        // The box is 17rem wide with .5rem around: 256 CSS pixels.
        assert!(256 / draw(&uri).unwrap().side >= 4);
    }
}
