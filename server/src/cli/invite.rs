//! `sesame account invite`: begins an account for somebody who then draws its secrets alone. The
//! link that is printed is the one thing to hand over; nothing here ever knows a secret.

use anyhow::Context as _;
use clap::{Arg, ArgAction, ArgMatches, Command};
use domain::{error::ErrorCode, service::Refusal, username::Username, wire::TicketIssued};
use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};
use serde_json::json;

use super::{json, say, shown};
use crate::{config::Config, serve};

pub(super) fn command() -> Command {
    Command::new("invite")
        .about("Begin an account for somebody: prints the link with which they alone draw its secrets")
        .arg(
            Arg::new("qr")
                .long("qr")
                .action(ArgAction::SetTrue)
                .conflicts_with("json")
                .help("Draw the link as a QR code as well, for a phone that is held to this screen"),
        )
        .arg(json())
}

pub(super) async fn run(config: &Config, username: &Username, matches: &ArgMatches) -> anyhow::Result<()> {
    let opened = serve::open(config).await?;
    let invited = invite(config, &opened, username).await;
    opened.store.close().await;
    let issued = invited?;
    let address = app::invitation_address(issued.ticket.expose(), issued.expires_at);
    let link = format!("{}{address}", config.public_url.origin());
    if matches.get_flag("json") {
        let told =
            json!({ "username": username.as_str(), "link": link, "expires_at": shown(issued.expires_at) });
        say(&serde_json::to_string_pretty(&told)?);
        return Ok(());
    }
    say(&format!("Invited: {username}. Hand this link over to them alone, by {}:", shown(issued.expires_at)));
    say(&format!("\n{link}\n"));
    if matches.get_flag("qr") {
        say(&draw(&link).context("the link does not fit a QR code")?);
    }
    say(
        "It works once. Who presses the button first draws the secrets: if they find it used, delete the account \
         and invite again.",
    );
    Ok(())
}

async fn invite(
    config: &Config,
    opened: &serve::Opened,
    username: &Username,
) -> anyhow::Result<TicketIssued> {
    let sesame = serve::use_cases(config, opened).await?;
    sesame.invite(username.as_str()).await.map_err(|refusal| match refusal {
        Refusal::Told(error) if error.code == ErrorCode::UsernameTaken => anyhow::anyhow!(
            "The name {username} is held: `sesame account show {username}` tells by whom, and \
             `sesame account delete {username}` frees it."
        ),
        refusal => refusal.into(),
    })
}

/// A QR code of `text` in characters, two modules to each, black on white whatever the terminal's
/// colours are.
fn draw(text: &str) -> anyhow::Result<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)?;
    let drawn = code.render::<Dense1x2>().build();
    // Black on bright white (ECMA-48, 8.3.117).
    let lines: Vec<_> = drawn.lines().map(|line| format!("\u{1b}[30;107m{line}\u{1b}[0m\n")).collect();
    Ok(lines.concat())
}
