//! The English texts.

use super::{
    Account, Action, Article, Create, Enrolment, Field, Frame, NotFound, Problem, Secret, SignIn, Texts,
};

pub(super) static TEXTS: Texts = Texts {
    frame: Frame {
        description: "Sésame opens your online services with a randomly drawn password and a single-use code.",
        skip: "Skip to content",
        about: "About Sésame",
        help: "Help",
        accessibility: "Accessibility: not yet assessed",
        privacy: "Personal data",
        my_account: "My account",
        loading: "Loading…",
        wait: "One moment…",
        no_script_title: "Sésame needs JavaScript.",
        no_script_text: "Your secrets are drawn inside your browser, never as a picture from elsewhere: it needs JavaScript and WebAssembly. Allow them for this site, then reload the page. The help pages can be read without them.",
        not_ready_title: "This page has not finished opening.",
        not_ready_text: "Reload it. If nothing changes, your browser may be too old, or WebAssembly may be blocked: try another one, or ask the person who looks after your computer.",
        page_title: |title| format!("{title} · Sésame"),
        error_title: |title| format!("Error: {title} · Sésame"),
    },
    field: Field {
        username: "Username",
        username_rule: "3 to 64 characters: letters without accents, digits, and . _ - @ inside. Capitals become small letters.",
        password: "Password",
        code: "6-digit code",
        code_hint: "Shown by your authenticator app.",
        code_hint_sign_in: "Shown by your app. Leave empty if you have never had one yet.",
        required: "Required.",
        show: "Show",
    },
    action: Action {
        sign_in: "Sign in",
        sign_out: "Sign out",
        create_account: "Create an account",
        create_my_account: "Create my account",
        show_password: "Show my password",
        copy: "Copy",
        copy_key: "Copy the key",
        hide: "Hide",
        spell: "Spell out",
        to_authenticator: "Continue to the authenticator",
        activate: "Activate my account",
        restart: "Start again",
        renew: "Renew my secrets",
        renew_now: "Renew now",
        cancel: "Cancel",
        retry: "Try again",
        home: "Go to sign-in",
        my_data: "Download my data",
        close_session: "Close",
        close_other_sessions: "Close all other sessions",
    },
    sign_in: SignIn {
        title: "Sign in",
        lead: "Your username, your password, and the code from your app.",
        no_account: "No account yet?",
        needed: "Sign in to see your account.",
        signed_out: "You are signed out on this device.",
        returning: "Sign in to go on to the application you asked for.",
        go_on: "Go on to the application",
        expired_title: "Your secrets are six months old",
        expired_lead: "Your password and your code were right, but they no longer open a session. Let’s renew them: two steps, about a minute.",
        expired_help: "The old ones stay in place until the new ones are proved: you can stop and come back.",
        already: |username| format!("You are signed in: {username}."),
    },
    create: Create {
        title: "Create an account",
        lead: "Choose a username, and nothing else: Sésame takes care of the secrets.",
        next_title: "What comes next, about two minutes",
        have_account: "Already have an account?",
        next: &[
            "A 24-character password, drawn at random and shown only once: have your password manager ready.",
            "A code app on your phone: Google Authenticator, Aegis, FreeOTP, 2FAS…",
        ],
    },
    enrolment: Enrolment {
        steps: "Steps",
        step_password: "Password",
        step_authenticator: "Authenticator",
        opening_place: "Two steps",
        opening_title: "Account activation",
        opening_lead: "One moment, we are finding your step…",
        claim_title: "Get your password",
        claim_lead: "It will be drawn at random the moment you press the button, and shown only once.",
        claim_alone: "Make sure nobody is looking over your shoulder, and have your password manager at hand.",
        password_document: "Step 1 of 2: password",
        password_title: "Here is your password",
        password_lead: "It has just been drawn at random. Save it in your password manager, or scan it with your phone.",
        once_title: "Only once.",
        once_text: "After this page nobody can read it again, not even us.",
        password_gone_title: "Your password has been shown",
        password_gone_lead: "It is shown only once: a reloaded page does not show it again.",
        password_saved: "Did you save it? Go on to the next step.",
        password_lost: "If not, start again: a new password will be drawn and the old one will be worth nothing.",
        resume_title: "One step left",
        resume_lead: "Your password is right. Now add your authenticator app: the account is active straight after.",
        authenticator_document: "Step 2 of 2: authenticator",
        authenticator_title: "Add the account to your app",
        authenticator_lead: "Google Authenticator, Aegis, FreeOTP, 2FAS… Any code app will do.",
        open_in_app: "Open in my app",
        algorithm: "TOTP, SHA-1, 6 digits, 30 s",
        key_intro: "Key to type into the app:",
        cannot_scan: "Cannot scan?",
        authenticator_gone_title: "Type the code from your app",
        authenticator_gone_lead: "The QR code is shown only once. If you scanned it, only the 6-digit code is missing.",
        new_qr: "Show a new QR code",
        restart_note: "Could not scan it? A new QR code replaces the one before; “Start again” draws a new password as well.",
        incomplete_title: "This link is not complete",
        incomplete_lead: "The address should end in a long code. Scan the invitation again, or copy the whole link.",
        spent_title: "This link no longer works",
        spent_lead: "It was used before, or its time is up, or the code was refused too many times. Nothing is lost:",
        ways_on: "Ways on",
        way_sign_in: "You saved your password? Sign in with it, without a code: you will go on at the second step.",
        way_create: "You did not? Create the account again: if the username is still held, it is free within a day.",
        way_invited: "You were invited? Ask the same person for a new invitation, and tell them if you had not used this link yet.",
        lapsed: "The time for this step is up. If the next step is refused, nothing is lost: sign in with your password, or create the account again.",
        position: |number| format!("Step {number} of 2"),
        time_left: |minutes| match minutes {
            0 | 1 => "Less than a minute left for this step.".to_owned(),
            2..=119 => format!("{minutes} minutes left for this step."),
            _ => format!("{} hours left for this step.", minutes / 60),
        },
        apps: &[
            "Open the app on your phone.",
            "Choose “Add”, then “Scan a QR code”.",
            "Type the 6-digit code that appears here.",
        ],
    },
    secret: Secret {
        password_qr: "Password QR code",
        totp_qr: "Authenticator QR code",
        password_masked: "The password is hidden.",
        copied: "Copied to the clipboard.",
        copy_failed: "Copying did not work: the text is selected, copy it with the keyboard.",
        spelled: "Character by character",
        not_printed: "Secrets are not printed.",
        upper: "capital, as in",
        lower: "lower case, as in",
    },
    account: Account {
        title: "My account",
        lead: "Password and authenticator belong together and are renewed together.",
        activated_title: "Your account is active.",
        activated_text: "You are signed in.",
        valid_until: "Valid until",
        signed_in_at: "Signed in since",
        session_ends: "Session open until",
        renew_title: "Renew my secrets",
        renew_lead: "Type a code from your app to prove it is you. A new password and a new QR code will replace the present ones at the end of the two steps, not before.",
        sessions_title: "Your open sessions",
        data_lead: "Everything that Sésame keeps about you, in a file:",
        sessions_lead: "The devices on which your account is open. If there is one that you do not know, close its session, then renew your secrets.",
        session_current: "This device",
        session_only: "This is your only session.",
        other_sessions_closed: "All other sessions are closed.",
        unknown_device: "Unknown device",
        unknown_browser: "Unknown browser",
        unknown_system: "unknown system",
        session_over: "Your session must have closed. Reload the page to make sure.",
        session_left: |minutes| {
            let when = within(minutes);
            format!("Your session closes {when}. You will have to sign in again.")
        },
        session_idle_left: |minutes| {
            let when = within(minutes);
            format!("Without activity, your session closes {when}. Reload the page to stay.")
        },
        session_opened: |at| format!("Opened on {at}"),
        session_used: |at, until| format!("Last used at {at}, ends at {until} at the latest"),
        session_about: |device, at| format!("the session {device}, opened on {at}"),
        session_closed: |device| format!("The session {device} is closed."),
        wrong_codes: |times| {
            let times = if times == 1 { "once".to_owned() } else { format!("{times} times") };
            format!(
                "On an unknown device, your password was typed {times} with a wrong code. If that was not you, somebody knows it: renew your secrets now."
            )
        },
        soon: |days| match days {
            0 => "Your secrets expire today.".to_owned(),
            1 => "Your secrets expire tomorrow.".to_owned(),
            _ => format!("Your secrets expire in {days} days."),
        },
    },
    not_found: NotFound {
        title: "This page does not exist",
        lead: "The address may have been copied wrongly. Sign-in, for its part, is where it always was.",
    },
    problem: Problem {
        username_missing: "Enter your username.",
        username_length: "A username has 3 to 64 characters.",
        username_character: "A username holds only letters without accents, digits and . _ - @, without spaces.",
        username_edge: "A username starts and ends with a letter or a digit.",
        password_missing: "Enter your password.",
        code_missing: "Enter the 6-digit code from your app.",
        code_too_long: "The code has 6 digits. There are too many.",
        code_character: "The code holds digits only.",
        credentials: "The username, the password or the code does not match.",
        credentials_advice: "Check all three. A code works only once: wait for the next one.",
        signed_out: "Your session is over.",
        signed_out_advice: "Sign in again.",
        taken: "This username is taken.",
        taken_advice: "Choose another one. If it is yours, sign in.",
        spent: "This link no longer works.",
        spent_advice: "Start over from the sign-in page.",
        code_wrong: "This code does not match.",
        code_used: "This code was used before.",
        code_used_advice: "Wait for the next one: it appears within 30 seconds.",
        throttled: "Too many tries.",
        unavailable: "The service is not answering at the moment.",
        unavailable_advice: "What you typed is still here. Try again in a moment.",
        internal: "Something went wrong on our side.",
        internal_advice: "Try again. If it keeps happening, tell the person who runs the service.",
        invalid: "The request was not understood.",
        invalid_advice: "Check what you typed, or reload the page.",
        tries_one: "You have one try left.",
        tries_none: "You have no tries left.",
        code_short: |missing| format!("The code has 6 digits. {missing} missing."),
        clock: |time| format!("Wait for the next one and check the time on your phone (here it is {time})."),
        tries: |left| format!("You have {left} tries left."),
        retry_seconds: |seconds| match seconds {
            0 | 1 => "Try again in 1 second.".to_owned(),
            _ => format!("Try again in {seconds} seconds."),
        },
        retry_at: |time| format!("Try again at {time}."),
        request: |id| format!("Number to give them: {id}."),
    },
    help: Article {
        title: "Help",
        lead: "The questions people have in front of Sésame, and what to do.",
        sections: &[
            (
                "Why can’t I choose my password?",
                &[
                    "Because a chosen password gets guessed or reused. Sésame’s is drawn at random: 24 characters, which your password manager remembers for you.",
                ],
            ),
            (
                "I have no code app",
                &[
                    "Install one on your phone: Google Authenticator, Aegis, FreeOTP or 2FAS will do. On a computer, KeePassXC will do as well.",
                    "Sésame follows the TOTP standard (SHA-1, 6 digits, 30 s), which all of them know.",
                ],
            ),
            (
                "My code is refused",
                &[
                    "A code lives for 30 seconds and works only once: wait for the next one.",
                    "If the next ones are refused too, the clock of your phone is probably off. Set it to “automatic”.",
                    "In the app, check that you are reading the line of this account.",
                ],
            ),
            (
                "I reloaded the page before saving my password",
                &["Choose “Start again”: a new password is drawn and the one before is worth nothing."],
            ),
            (
                "I stopped before the end",
                &[
                    "If you have your password, sign in with it and leave the code empty: you go on at the second step.",
                    "If not, create the account again. A username whose password was shown is free again within a day.",
                ],
            ),
            (
                "My secrets are six months old",
                &[
                    "Password and authenticator are renewed together. The old ones still prove that it is you, then two steps are enough.",
                    "You can also renew them early, from your account.",
                ],
            ),
            (
                "I lost my password or my phone",
                &[
                    "Nobody can read your secrets again. The person who runs the service can close the old account and invite you again: ask them.",
                ],
            ),
        ],
    },
    accessibility: Article {
        title: "Accessibility: not yet assessed",
        lead: "Sésame has not been assessed against RGAA yet. This page says what is done, and what is not.",
        sections: &[
            (
                "Conformance",
                &[
                    "Not yet assessed: no audit has been carried out, neither by us nor by a third party. No rate of conformance can be given.",
                    "We aim at RGAA 4.1 and WCAG 2.2, level AA. Automatic checks go along with development; they do not replace an audit.",
                ],
            ),
            (
                "What is there for you",
                &[
                    "Everything works by keyboard, and the active element can always be seen. A link leads to the content.",
                    "Next to each QR code stands the same value as text, a button to copy it and, for the password, a reading character by character.",
                    "Fields accept pasting and password managers. The code accepts spaces and hyphens.",
                    "An error is announced, told in words, and tied to its field. The time left is told as text.",
                    "The pages follow your settings: dark theme, forced colours, reduced motion, larger text.",
                ],
            ),
            (
                "What we know is imperfect",
                &[
                    "Sésame does not work without JavaScript and WebAssembly; only the help pages can be read then.",
                    "Some steps have a time limit, for security. It is announced, and one can always take up again.",
                ],
            ),
            (
                "Tell us about an obstacle",
                &[
                    "Talk to the person who runs this service in your organisation: they can open access for you another way and pass the obstacle on to us.",
                    "If the answer does not satisfy you, in France the Défenseur des droits can be called upon.",
                ],
            ),
        ],
    },
    privacy: Article {
        title: "Personal data",
        lead: "What Sésame keeps about you, why, for how long, and your rights.",
        sections: &[
            (
                "Who is responsible",
                &[
                    "The organisation that runs this service and gives you access to it. You can write to it, or to its data protection officer.",
                ],
            ),
            (
                "What is kept",
                &[
                    "Your username.",
                    "Your secrets, in a form nobody can read again: a hash of the password and the authenticator’s key, both encrypted.",
                    "Dates: creation of the account, last sign-in, end of validity of the secrets, beginning, last use and end of sessions.",
                    "For each session, the family of the browser and of the system, such as Firefox on Windows, so that you recognise it. Nothing more precise: no version, no model.",
                    "A security log: what happened and when (account created, sign-in, renewal…), under a pseudonym, without your username and without an address. It no longer leads to you once the account is deleted.",
                    "A short-lived fingerprint of your network, for as long as it takes to slow down too many tries; and, if somebody types your password with wrong codes, how often.",
                    "In the service’s technical log: each try to sign in, with a pseudonym of the name that was typed and the network that it came from, without the whole address.",
                ],
            ),
            (
                "What is not kept",
                &[
                    "No name, no e-mail address, no telephone number, no location. No analytics, no third-party service, no advertising.",
                ],
            ),
            (
                "Why",
                &[
                    "To open your services for you and to keep others from doing so in your place: performance of the service and security of the organisation (GDPR, article 6, paragraph 1, points b and f).",
                ],
            ),
            (
                "For how long",
                &[
                    "An unfinished registration: one day. A session: twelve hours at most.",
                    "The account and its secrets: as long as the account exists. The security log: twelve months, unless the organisation has set another period; it can tell you, and how long it keeps the technical log.",
                ],
            ),
            (
                "Cookies",
                &[
                    "Those that are needed, and no others: your session; for 200 days, something by which this device is known again, so that nobody can shut you out by trying wrong secrets; the language, if you choose it; and, if the organisation protects other applications with Sésame, something that tells them who you are. Nothing is written anywhere else in your browser.",
                ],
            ),
            (
                "Your rights",
                &[
                    "Access and portability: “Download my data”, in “My account”, gives you everything that is kept about you.",
                    "Rectification, erasure, restriction, objection: ask the organisation that runs the service.",
                    "If its answer does not satisfy you, you can complain to the supervisory authority; in France, the CNIL (cnil.fr).",
                ],
            ),
        ],
    },
};

fn within(minutes: u32) -> String {
    match minutes {
        0 | 1 => "in less than a minute".to_owned(),
        _ => format!("in {minutes} minutes"),
    }
}
