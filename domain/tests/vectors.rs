//! The published test vectors of RFC 4226 and RFC 6238.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "clippy.toml allows these in test functions; here are their helpers"
)]

use chrono::{DateTime, Utc};
use domain::{code::Code, secret::Secret, totp};
use totp_rs::{Algorithm, Builder};

const SECRET: &[u8] = b"12345678901234567890";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// RFC 4226 appendix D: the HOTP values of counters 0 to 9.
#[test]
fn req_otp_1_rfc_4226_appendix_d_all_ten_values() {
    let expected =
        ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
    let secret = Secret::new(SECRET.to_vec());
    for (counter, expected) in (0..).zip(expected) {
        assert_eq!(totp::code_of_step(&secret, counter), expected.as_bytes(), "counter {counter}");
    }
}

/// RFC 6238 appendix B: time, then the 8-digit values for SHA-1, SHA-256 and SHA-512.
const RFC_6238: [(i64, [&str; 3]); 6] = [
    (59, ["94287082", "46119246", "90693936"]),
    (1_111_111_109, ["07081804", "68084774", "25091201"]),
    (1_111_111_111, ["14050471", "67062674", "99943326"]),
    (1_234_567_890, ["89005924", "91819424", "93441116"]),
    (2_000_000_000, ["69279037", "90698825", "38618901"]),
    (20_000_000_000, ["65353130", "77737706", "47863826"]),
];

#[test]
fn req_otp_1_rfc_6238_appendix_b_sha_1_column_gives_our_six_digits() {
    let secret = Secret::new(SECRET.to_vec());
    for (time, [sha1, ..]) in RFC_6238 {
        // The last six digits of an 8-digit value are the 6-digit value: both are remainders of one number.
        let six = sha1.get(2..).unwrap();
        let step = totp::step_at(at(time));
        assert_eq!(totp::code_of_step(&secret, step), six.as_bytes(), "time {time}");
        let code = Code::parse(six).unwrap();
        assert_eq!(totp::matching_step(&secret, &code, at(time)), Some(step), "time {time}");
    }
}

/// Our own function is SHA-1 with six digits only; this holds the library it stands on to all 18.
#[test]
fn req_otp_1_rfc_6238_appendix_b_all_eighteen_values_of_the_library() {
    let columns = [(Algorithm::SHA1, 20), (Algorithm::SHA256, 32), (Algorithm::SHA512, 64)];
    for (time, values) in RFC_6238 {
        for ((algorithm, length), expected) in columns.into_iter().zip(values) {
            // Erratum 2866: the seed is as long as the hash, the digits repeating.
            let seed: Vec<u8> = SECRET.iter().copied().cycle().take(length).collect();
            let totp = Builder::new()
                .with_algorithm(algorithm)
                .with_digits(8)
                .with_step_duration(30)
                .with_secret(seed)
                .build_noncompliant();
            let token = totp.generate(u64::try_from(time).unwrap()).to_string();
            assert_eq!(token, expected, "time {time}, {length}-byte seed");
        }
    }
}
