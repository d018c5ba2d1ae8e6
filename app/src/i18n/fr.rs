//! The French texts. Spaces before `: ; ? ! »` and after `«` are no-break ones, which an editor may
//! not show; `typography` tells where one is missing.

use super::{
    Account, Action, Article, Create, Enrolment, Field, Frame, NotFound, Problem, Secret, SignIn, Texts,
};

pub(super) static TEXTS: Texts = Texts {
    frame: Frame {
        description: "Sésame ouvre vos services en ligne avec un mot de passe tiré au sort et un code à usage unique.",
        skip: "Aller au contenu",
        about: "À propos de Sésame",
        help: "Aide",
        accessibility: "Accessibilité : non encore évaluée",
        privacy: "Données personnelles",
        my_account: "Mon compte",
        loading: "Chargement…",
        wait: "Un instant…",
        no_script_title: "Sésame a besoin de JavaScript.",
        no_script_text: "Vos secrets sont dessinés dans votre navigateur, jamais dans une image venue d’ailleurs : il lui faut JavaScript et WebAssembly. Autorisez-les pour ce site, puis rechargez la page. Les pages d’aide se lisent sans eux.",
        not_ready_title: "Cette page n’a pas fini de s’ouvrir.",
        not_ready_text: "Rechargez-la. Si rien ne change, votre navigateur est peut-être trop ancien, ou WebAssembly y est bloqué : essayez-en un autre, ou parlez-en à la personne qui gère votre poste.",
        page_title: |title| format!("{title} · Sésame"),
        error_title: |title| format!("Erreur : {title} · Sésame"),
    },
    field: Field {
        username: "Identifiant",
        username_rule: "3 à 64 caractères : lettres sans accent, chiffres, et . _ - @ à l’intérieur. Les majuscules deviennent des minuscules.",
        password: "Mot de passe",
        code: "Code à 6 chiffres",
        code_hint: "Affiché par votre application d’authentification.",
        code_hint_sign_in: "Affiché par votre application. Laissez vide si vous n’en avez encore jamais eu.",
        required: "Obligatoire.",
        show: "Voir",
    },
    action: Action {
        sign_in: "Se connecter",
        sign_out: "Se déconnecter",
        create_account: "Créer un compte",
        create_my_account: "Créer mon compte",
        show_password: "Afficher mon mot de passe",
        copy: "Copier",
        copy_key: "Copier la clé",
        hide: "Masquer",
        spell: "Épeler",
        to_authenticator: "Continuer vers l'authentificateur",
        activate: "Activer mon compte",
        restart: "Recommencer",
        renew: "Renouveler mes secrets",
        renew_now: "Renouveler maintenant",
        cancel: "Annuler",
        retry: "Réessayer",
        home: "Aller à la connexion",
        my_data: "Télécharger mes données",
        close_session: "Fermer",
        close_other_sessions: "Fermer toutes les autres sessions",
    },
    sign_in: SignIn {
        title: "Connexion",
        lead: "Votre identifiant, votre mot de passe, et le code de votre application.",
        no_account: "Pas encore de compte ?",
        needed: "Connectez-vous pour voir votre compte.",
        signed_out: "Vous êtes déconnecté de cet appareil.",
        returning: "Connectez-vous pour continuer vers l’application demandée.",
        go_on: "Continuer vers l’application",
        expired_title: "Vos secrets ont six mois",
        expired_lead: "Votre mot de passe et votre code étaient justes, mais ils ne servent plus à se connecter. Renouvelons-les : deux étapes, environ une minute.",
        expired_help: "Les anciens restent en place tant que les nouveaux ne sont pas prouvés : vous pouvez vous arrêter et revenir.",
        already: |username| format!("Vous êtes connecté : {username}."),
    },
    create: Create {
        title: "Créer un compte",
        lead: "Choisissez un identifiant, et rien d’autre : Sésame s’occupe des secrets.",
        next_title: "Ce qui vous attend, environ deux minutes",
        have_account: "Vous avez déjà un compte ?",
        next: &[
            "Un mot de passe de 24 caractères, tiré au sort et montré une seule fois : préparez votre gestionnaire de mots de passe.",
            "Une application de codes sur votre téléphone : Google Authenticator, Aegis, FreeOTP, 2FAS…",
        ],
    },
    enrolment: Enrolment {
        steps: "Étapes",
        step_password: "Mot de passe",
        step_authenticator: "Authentificateur",
        opening_place: "Deux étapes",
        opening_title: "Activation du compte",
        opening_lead: "Un instant, nous retrouvons votre étape…",
        claim_title: "Recevez votre mot de passe",
        claim_lead: "Il sera tiré au sort au moment où vous appuierez, et montré une seule fois.",
        claim_alone: "Assurez-vous d’être seul devant l’écran, votre gestionnaire de mots de passe à portée de main.",
        password_document: "Étape 1 sur 2 : mot de passe",
        password_title: "Voici votre mot de passe",
        password_lead: "Il vient d’être tiré au sort. Enregistrez-le dans votre gestionnaire de mots de passe, ou scannez-le avec votre téléphone.",
        once_title: "Une seule fois.",
        once_text: "Après cette page, personne ne peut le relire, pas même nous.",
        password_gone_title: "Votre mot de passe a été montré",
        password_gone_lead: "Il n’est montré qu’une fois : une page rechargée ne l’affiche plus.",
        password_saved: "Vous l’avez enregistré ? Passez à la suite.",
        password_lost: "Sinon, recommencez : un nouveau mot de passe sera tiré au sort et l’ancien ne vaudra plus rien.",
        resume_title: "Il reste une étape",
        resume_lead: "Votre mot de passe est juste. Ajoutez maintenant votre application de codes : le compte sera actif aussitôt.",
        authenticator_document: "Étape 2 sur 2 : authentificateur",
        authenticator_title: "Ajoutez le compte à votre application",
        authenticator_lead: "Google Authenticator, Aegis, FreeOTP, 2FAS… : toute application de codes convient.",
        open_in_app: "Ouvrir dans mon application",
        algorithm: "TOTP, SHA-1, 6 chiffres, 30 s",
        key_intro: "Clé à saisir dans l’application :",
        cannot_scan: "Impossible de scanner ?",
        authenticator_gone_title: "Tapez le code de votre application",
        authenticator_gone_lead: "Le QR code n’est montré qu’une fois. Si vous l’avez scanné, il ne manque que le code à 6 chiffres.",
        new_qr: "Afficher un nouveau QR code",
        restart_note: "Vous n’avez pas pu scanner ? Un nouveau QR code remplace le précédent ; « Recommencer » tire aussi un nouveau mot de passe.",
        incomplete_title: "Ce lien n’est pas complet",
        incomplete_lead: "L’adresse devrait se terminer par un long code. Scannez de nouveau l’invitation, ou copiez le lien en entier.",
        spent_title: "Ce lien ne sert plus",
        spent_lead: "Il a déjà été utilisé, ou son délai est passé, ou le code a été refusé trop de fois. Rien n’est perdu :",
        ways_on: "Pour continuer",
        way_sign_in: "Vous avez enregistré votre mot de passe ? Connectez-vous avec lui, sans code : vous reprendrez à la deuxième étape.",
        way_create: "Vous ne l’avez pas ? Créez le compte de nouveau : si l’identifiant est encore réservé, il se libère en un jour.",
        way_invited: "On vous a invité ? Demandez une nouvelle invitation à la même personne, et dites-lui si vous n’aviez pas encore utilisé ce lien.",
        lapsed: "Le délai de cette étape est passé. Si la suite est refusée, rien n’est perdu : reconnectez-vous avec votre mot de passe, ou créez le compte de nouveau.",
        position: |number| format!("Étape {number} sur 2"),
        time_left: |minutes| match minutes {
            0 | 1 => "Il reste moins d’une minute pour cette étape.".to_owned(),
            2..=119 => format!("Il reste {minutes}\u{a0}minutes pour cette étape."),
            _ => format!("Il reste {}\u{a0}heures pour cette étape.", minutes / 60),
        },
        apps: &[
            "Ouvrez l’application sur votre téléphone.",
            "Choisissez « Ajouter », puis « Scanner un QR code ».",
            "Tapez ici le code à 6 chiffres qui apparaît.",
        ],
    },
    secret: Secret {
        password_qr: "QR code du mot de passe",
        totp_qr: "QR code de l'authentificateur",
        password_masked: "Le mot de passe est masqué.",
        copied: "Copié dans le presse-papiers.",
        copy_failed: "La copie n’a pas marché : le texte est sélectionné, copiez-le au clavier.",
        spelled: "Caractère par caractère",
        not_printed: "Les secrets ne s’impriment pas.",
        upper: "majuscule, comme",
        lower: "minuscule, comme",
    },
    account: Account {
        title: "Mon compte",
        lead: "Mot de passe et authentificateur vont ensemble et se renouvellent ensemble.",
        activated_title: "Votre compte est actif.",
        activated_text: "Vous êtes connecté.",
        valid_until: "Valable jusqu'au",
        signed_in_at: "Connecté depuis le",
        session_ends: "Session ouverte jusqu’au",
        renew_title: "Renouveler mes secrets",
        renew_lead: "Tapez un code de votre application pour prouver que c’est vous. Un nouveau mot de passe et un nouveau QR code remplaceront les actuels à la fin des deux étapes, pas avant.",
        sessions_title: "Vos sessions ouvertes",
        data_lead: "Tout ce que Sésame garde de vous, dans un fichier :",
        sessions_lead: "Les appareils où votre compte est ouvert. Si vous n’en reconnaissez pas un, fermez sa session, puis renouvelez vos secrets.",
        session_current: "Cet appareil",
        session_only: "C’est votre seule session.",
        other_sessions_closed: "Toutes les autres sessions sont fermées.",
        unknown_device: "Appareil inconnu",
        unknown_browser: "Navigateur inconnu",
        unknown_system: "système inconnu",
        session_over: "Votre session a dû se fermer. Rechargez la page pour vous en assurer.",
        session_left: |minutes| {
            let when = within(minutes);
            format!("Votre session se ferme {when}. Il faudra vous reconnecter.")
        },
        session_idle_left: |minutes| {
            let when = within(minutes);
            format!("Sans activité, votre session se ferme {when}. Rechargez la page pour rester.")
        },
        session_opened: |at| format!("Ouverte le {at}"),
        session_used: |at, until| format!("Dernière activité à {at}, fin au plus tard à {until}"),
        session_about: |device, at| format!("la session {device}, ouverte le {at}"),
        session_closed: |device| format!("La session {device} est fermée."),
        wrong_codes: |times| {
            let times = if times == 1 { "une fois".to_owned() } else { format!("{times}\u{a0}fois") };
            format!(
                "Sur un appareil inconnu, votre mot de passe a été tapé {times} avec un code faux. Si ce n’était pas vous, quelqu’un le connaît : renouvelez vos secrets maintenant."
            )
        },
        soon: |days| match days {
            0 => "Vos secrets expirent aujourd’hui.".to_owned(),
            1 => "Vos secrets expirent demain.".to_owned(),
            _ => format!("Vos secrets expirent dans {days}\u{a0}jours."),
        },
    },
    not_found: NotFound {
        title: "Cette page n’existe pas",
        lead: "L’adresse a peut-être été mal recopiée. La connexion, elle, est toujours au même endroit.",
    },
    problem: Problem {
        username_missing: "Indiquez votre identifiant.",
        username_length: "L’identifiant comporte 3 à 64 caractères.",
        username_character: "L’identifiant ne contient que des lettres sans accent, des chiffres et . _ - @, sans espace.",
        username_edge: "L’identifiant commence et finit par une lettre ou un chiffre.",
        password_missing: "Indiquez votre mot de passe.",
        code_missing: "Indiquez le code à 6 chiffres de votre application.",
        code_too_long: "Le code comporte 6 chiffres. Il y en a trop.",
        code_character: "Le code ne contient que des chiffres.",
        credentials: "L’identifiant, le mot de passe ou le code ne convient pas.",
        credentials_advice: "Vérifiez les trois. Un code ne sert qu’une fois : attendez le suivant.",
        signed_out: "Votre session est terminée.",
        signed_out_advice: "Connectez-vous de nouveau.",
        taken: "Cet identifiant est déjà pris.",
        taken_advice: "Choisissez-en un autre. S’il est à vous, connectez-vous.",
        spent: "Ce lien ne sert plus.",
        spent_advice: "Recommencez depuis la connexion.",
        code_wrong: "Ce code ne correspond pas.",
        code_used: "Ce code a déjà servi.",
        code_used_advice: "Attendez le suivant : il apparaît en moins de 30\u{a0}secondes.",
        throttled: "Trop d’essais.",
        unavailable: "Le service ne répond pas pour le moment.",
        unavailable_advice: "Ce que vous avez saisi est toujours là. Réessayez dans quelques instants.",
        internal: "Une erreur s’est produite de notre côté.",
        internal_advice: "Réessayez. Si elle persiste, prévenez la personne qui gère le service.",
        invalid: "La demande n’a pas été comprise.",
        invalid_advice: "Vérifiez ce que vous avez saisi, ou rechargez la page.",
        tries_one: "Il vous reste un essai.",
        tries_none: "Il ne vous reste aucun essai.",
        code_short: |missing| format!("Le code comporte 6 chiffres. Il en manque {missing}."),
        clock: |time| {
            format!("Attendez le suivant et vérifiez l’heure de votre téléphone (ici il est {time}).")
        },
        tries: |left| format!("Il vous reste {left}\u{a0}essais."),
        retry_seconds: |seconds| match seconds {
            0 | 1 => "Réessayez dans 1\u{a0}seconde.".to_owned(),
            _ => format!("Réessayez dans {seconds}\u{a0}secondes."),
        },
        retry_at: |time| format!("Réessayez à {time}."),
        request: |id| format!("Numéro à lui donner : {id}."),
    },
    help: Article {
        title: "Aide",
        lead: "Les questions que l’on se pose devant Sésame, et ce qu’il faut faire.",
        sections: &[
            (
                "Pourquoi ne puis-je pas choisir mon mot de passe ?",
                &[
                    "Parce qu’un mot de passe choisi se devine ou se réutilise. Celui de Sésame est tiré au sort : 24 caractères, que votre gestionnaire de mots de passe retient pour vous.",
                ],
            ),
            (
                "Je n’ai pas d’application de codes",
                &[
                    "Installez-en une sur votre téléphone : Google Authenticator, Aegis, FreeOTP ou 2FAS conviennent. Sur ordinateur, KeePassXC convient aussi.",
                    "Sésame suit la norme TOTP (SHA-1, 6 chiffres, 30 s), que toutes ces applications connaissent.",
                ],
            ),
            (
                "Mon code est refusé",
                &[
                    "Un code vit 30 secondes et ne sert qu’une fois : attendez le suivant.",
                    "Si les suivants sont refusés aussi, l’heure de votre téléphone est sans doute décalée. Réglez-la sur « automatique ».",
                    "Dans l’application, vérifiez que vous lisez bien la ligne de ce compte.",
                ],
            ),
            (
                "J’ai rechargé la page avant d’enregistrer mon mot de passe",
                &[
                    "Choisissez « Recommencer » : un nouveau mot de passe est tiré au sort et le précédent ne vaut plus rien.",
                ],
            ),
            (
                "Je me suis arrêté avant la fin",
                &[
                    "Si vous avez votre mot de passe, connectez-vous avec lui en laissant le code vide : vous reprenez à la deuxième étape.",
                    "Sinon, créez le compte de nouveau. Un identifiant dont le mot de passe a été montré se libère en un jour.",
                ],
            ),
            (
                "Mes secrets ont six mois",
                &[
                    "Mot de passe et authentificateur se renouvellent ensemble. Les anciens servent encore à prouver que c’est vous, puis deux étapes suffisent.",
                    "Vous pouvez aussi les renouveler avant l’heure, depuis votre compte.",
                ],
            ),
            (
                "J’ai perdu mon mot de passe ou mon téléphone",
                &[
                    "Personne ne peut relire vos secrets. La personne qui gère le service peut fermer l’ancien compte et vous inviter de nouveau : demandez-le-lui.",
                ],
            ),
        ],
    },
    accessibility: Article {
        title: "Accessibilité : non encore évaluée",
        lead: "Sésame n’a pas encore été évalué selon le RGAA. Cette page dit ce qui est fait, et ce qui ne l’est pas.",
        sections: &[
            (
                "État de conformité",
                &[
                    "Non encore évalué : aucun audit n’a été mené, ni par nous ni par un tiers. Aucun taux de conformité ne peut être annoncé.",
                    "Nous visons le RGAA 4.1 et les WCAG 2.2, niveau AA. Des vérifications automatiques accompagnent le développement ; elles ne remplacent pas un audit.",
                ],
            ),
            (
                "Ce qui est prévu pour vous",
                &[
                    "Tout se fait au clavier, et l’élément actif se voit toujours. Un lien mène au contenu.",
                    "Chaque QR code est doublé de la même valeur en texte, d’un bouton pour la copier, et d’une lecture caractère par caractère pour le mot de passe.",
                    "Les champs acceptent le collage et les gestionnaires de mots de passe. Le code accepte espaces et tirets.",
                    "Une erreur est annoncée, dite en mots, et reliée à son champ. Le temps restant est dit en texte.",
                    "Les pages suivent vos réglages : thème sombre, couleurs imposées, animations réduites, texte agrandi.",
                ],
            ),
            (
                "Ce que nous savons imparfait",
                &[
                    "Sésame ne fonctionne pas sans JavaScript ni WebAssembly ; seules les pages d’aide se lisent alors.",
                    "Certaines étapes ont un délai, pour la sécurité. Il est annoncé, et l’on peut toujours reprendre.",
                ],
            ),
            (
                "Nous signaler un obstacle",
                &[
                    "Parlez-en à la personne qui gère ce service dans votre organisation : elle peut vous ouvrir l’accès autrement et nous transmettre l’obstacle.",
                    "Si la réponse ne vous convient pas, le Défenseur des droits peut être saisi.",
                ],
            ),
        ],
    },
    privacy: Article {
        title: "Données personnelles",
        lead: "Ce que Sésame garde de vous, pourquoi, combien de temps, et vos droits.",
        sections: &[
            (
                "Qui est responsable",
                &[
                    "L’organisation qui exploite ce service et vous y donne accès. C’est à elle, ou à son délégué à la protection des données, que vous pouvez écrire.",
                ],
            ),
            (
                "Ce qui est gardé",
                &[
                    "Votre identifiant.",
                    "Vos secrets, sous une forme que personne ne peut relire : une empreinte du mot de passe et la clé de l’authentificateur, toutes deux chiffrées.",
                    "Des dates : création du compte, dernière connexion, fin de validité des secrets, ouverture, dernière utilisation et fin des sessions.",
                    "Pour chaque session, la famille du navigateur et celle du système, par exemple Firefox sous Windows, pour que vous la reconnaissiez. Rien de plus précis : ni version, ni modèle.",
                    "Un journal de sécurité : ce qui s’est passé et quand (compte créé, connexion, renouvellement…), sous un pseudonyme, sans votre identifiant et sans adresse. Il ne mène plus à vous dès que le compte est supprimé.",
                    "Une empreinte passagère de votre réseau, le temps de freiner les essais trop nombreux ; et, si quelqu’un tape votre mot de passe avec de faux codes, combien de fois.",
                    "Dans le journal technique du service : chaque essai de connexion, avec un pseudonyme de l’identifiant tapé et le réseau d’où il vient, sans l’adresse complète.",
                ],
            ),
            (
                "Ce qui n’est pas gardé",
                &[
                    "Ni nom, ni adresse électronique, ni numéro de téléphone, ni position. Aucune mesure d’audience, aucun service tiers, aucune publicité.",
                ],
            ),
            (
                "Pourquoi",
                &[
                    "Pour vous ouvrir vos services et empêcher que d’autres le fassent à votre place : l’exécution du service et la sécurité de l’organisation (RGPD, article 6, paragraphe 1, points b et f).",
                ],
            ),
            (
                "Combien de temps",
                &[
                    "Une inscription inachevée : un jour. Une session : douze heures au plus.",
                    "Le compte et ses secrets : tant que le compte existe. Le journal de sécurité : douze mois, sauf si l’organisation a fixé une autre durée ; elle peut vous la dire, comme celle du journal technique.",
                ],
            ),
            (
                "Cookies",
                &[
                    "Ceux qu’il faut, et aucun autre : votre session ; pendant 200 jours, de quoi reconnaître cet appareil, pour que personne ne puisse vous fermer la porte en essayant de faux secrets ; la langue, si vous la choisissez ; et, si l’organisation protège d’autres applications avec Sésame, de quoi leur dire qui vous êtes. Rien n’est écrit ailleurs dans votre navigateur.",
                ],
            ),
            (
                "Vos droits",
                &[
                    "Accès et portabilité : « Télécharger mes données », dans « Mon compte », vous donne tout ce qui est gardé de vous.",
                    "Rectification, effacement, limitation, opposition : demandez-les à l’organisation qui exploite le service.",
                    "Si sa réponse ne vous convient pas, vous pouvez saisir la CNIL (cnil.fr).",
                ],
            ),
        ],
    },
};

fn within(minutes: u32) -> String {
    match minutes {
        0 | 1 => "dans moins d’une minute".to_owned(),
        _ => format!("dans {minutes}\u{a0}minutes"),
    }
}
