//! Random values as numbered symbols: the n-th draw of a life is the value `n`, so that a life can be
//! rebuilt exactly, and two lives that differ only in what was drawn can be recognised as one.

use std::{collections::HashMap, sync::LazyLock};

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use domain::{
    password::{ALPHABET, LEN},
    token::{TokenDigest, digest_of_text, forward_token},
};

/// The n-th random value of a life.
pub(crate) type Symbol = u32;

/// More values than any life that is explored draws.
pub(crate) const SYMBOLS: Symbol = 512;

/// Stands for a password that its party was not shown.
pub(crate) const UNSEEN: Symbol = SYMBOLS - 1;

const SYMBOL_BYTES: usize = size_of::<Symbol>();

/// Tells all symbols from one another in what stands for a token, an identity or a TOTP secret.
pub(crate) fn fill(symbol: Symbol, bytes: &mut [u8]) {
    bytes.fill(0);
    bytes[..SYMBOL_BYTES].copy_from_slice(&symbol.to_le_bytes());
}

/// The symbol of an identity, a TOTP secret or a drawn token.
pub(crate) fn of_bytes(bytes: &[u8]) -> Symbol {
    Symbol::from_le_bytes(bytes[..SYMBOL_BYTES].try_into().unwrap())
}

/// One character of a password that names its symbol: one of each class, then digits of base 8.
pub(crate) fn password_byte(symbol: Symbol, place: usize) -> u8 {
    match place {
        0 => 0,
        1 => 24,
        2 => 48,
        3 => 56,
        _ => u8::try_from(symbol >> (3 * (place - 4).min(9)) & 7).unwrap(),
    }
}

/// The symbol of a password.
pub(crate) fn of_password(password: &[u8]) -> Symbol {
    let digit = |byte: &u8| ALPHABET.iter().position(|character| character == byte).unwrap();
    let digits = password[4..12].iter().rev();
    digits.fold(0, |symbol, byte| symbol * 8 + Symbol::try_from(digit(byte)).unwrap())
}

/// The password that `symbol` stands for.
pub(crate) fn password_text(symbol: Symbol) -> String {
    (0..LEN).map(|place| char::from(ALPHABET[usize::from(password_byte(symbol, place))])).collect()
}

/// The symbol of a TOTP secret as it is shown.
pub(crate) fn of_secret_text(text: &str) -> Symbol {
    of_bytes(&BASE32_NOPAD.decode(text.as_bytes()).unwrap())
}

/// The TOTP secret that `symbol` stands for.
pub(crate) fn secret_bytes(symbol: Symbol) -> [u8; 20] {
    let mut bytes = [0; 20];
    fill(symbol, &mut bytes);
    bytes
}

/// The symbol of a ticket or a session as its holder has it.
pub(crate) fn of_token_text(text: &str) -> Symbol {
    of_bytes(&BASE64URL_NOPAD.decode(text.as_bytes()).unwrap())
}

/// The ticket or session that `symbol` stands for.
pub(crate) fn token_text(symbol: Symbol) -> &'static str {
    &TOKENS.texts[usize::try_from(symbol).unwrap()]
}

/// The symbol behind a digest of the store, of a token or of its forward token.
pub(crate) fn of_digest(digest: &[u8; 32]) -> Symbol {
    TOKENS.by_digest[digest]
}

/// The digest of the token that `symbol` stands for.
pub(crate) fn digest(symbol: Symbol) -> TokenDigest {
    TOKENS.digests[usize::try_from(symbol).unwrap()]
}

/// A digest tells nothing about its token, so all of them are computed beforehand.
struct Tokens {
    texts: Vec<String>,
    digests: Vec<TokenDigest>,
    by_digest: HashMap<[u8; 32], Symbol>,
}

static TOKENS: LazyLock<Tokens> = LazyLock::new(|| {
    let mut tokens = Tokens { texts: Vec::new(), digests: Vec::new(), by_digest: HashMap::new() };
    for symbol in 0..SYMBOLS {
        let mut bytes = [0; 32];
        fill(symbol, &mut bytes);
        let text = BASE64URL_NOPAD.encode(&bytes);
        let digest = digest_of_text(&text).unwrap();
        tokens.by_digest.insert(*digest.as_bytes(), symbol);
        tokens.digests.push(digest);
        tokens.by_digest.insert(*forward_token(&text).unwrap().digest.as_bytes(), symbol);
        tokens.texts.push(text);
    }
    tokens
});
