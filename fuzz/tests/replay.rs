//! Replays what the fuzzers kept: each input of `corpus/`, and mutations of it that are the same in
//! every run.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "clippy takes helpers of tests for production code"
)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use fuzz::{TARGETS, Target, world, world::Noise};

/// Mutations of each input in an ordinary run; `SESAME_TEST_SCALE` multiplies them.
const MUTATIONS: usize = 12;
/// No input may take longer, not even on a busy machine without optimisation.
const LONGEST: Duration = Duration::from_secs(10);
/// What the whole corpus may weigh.
const LARGEST_CORPUS: u64 = 512 * 1024;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The inputs of a target, by name.
fn inputs(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = corpus().join(target.name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut inputs: Vec<_> = entries
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn every_kept_input_and_its_mutations_break_no_rule() {
    let scale = std::env::var("SESAME_TEST_SCALE").ok().and_then(|text| text.parse::<usize>().ok());
    let mutations = MUTATIONS * scale.unwrap_or(1);
    let mut runs = 0_usize;
    for target in TARGETS {
        let inputs = inputs(target);
        assert!(inputs.len() >= 2, "{} has hardly an input", target.name);
        for (index, (name, input)) in inputs.iter().enumerate() {
            run(target, name, input);
            let mut noise = Noise::new(u64::try_from(index).unwrap());
            for _ in 0..mutations {
                let other = &inputs[noise.below(inputs.len())].1;
                run(target, name, &mutated(input, other, &mut noise));
            }
            runs += 1 + mutations;
        }
    }
    println!("{runs} inputs in {} targets", TARGETS.len());
    world::clean_up();
}

/// Runs one input and says which it was if a rule breaks.
fn run(target: &Target, name: &str, input: &[u8]) {
    struct Told<'a>(&'a str, &'a str, &'a [u8]);
    impl Drop for Told<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("target {}, from corpus/{}/{}: {}", self.0, self.0, self.1, self.2.escape_ascii());
            }
        }
    }
    let told = Told(target.name, name, input);
    let started = Instant::now();
    (target.run)(input);
    assert!(started.elapsed() < LONGEST, "took {:?}", started.elapsed());
    drop(told);
}

/// One to three changes of the kinds that fuzzers make.
fn mutated(input: &[u8], other: &[u8], noise: &mut Noise) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=noise.below(3) {
        let at = noise.below(bytes.len() + 1);
        match noise.below(6) {
            0 => bytes.insert(at, u8::try_from(noise.below(256)).unwrap()),
            1 => bytes.truncate(at),
            2 => bytes.extend_from_within(at..),
            3 => bytes.extend_from_slice(&other[noise.below(other.len() + 1)..]),
            4 if at < bytes.len() => bytes[at] ^= 1 << noise.below(8),
            _ if at < bytes.len() => drop(bytes.remove(at)),
            _ => bytes.push(0),
        }
    }
    bytes
}

#[test]
fn the_corpus_belongs_to_the_targets_and_stays_small() {
    let names: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names.len(), TARGETS.len(), "two targets have one name");
    let folders: BTreeSet<String> = fs::read_dir(corpus())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(folders, names);
    let sizes = TARGETS.iter().flat_map(inputs).map(|(_, input)| u64::try_from(input.len()).unwrap());
    let size: u64 = sizes.sum();
    assert!(size <= LARGEST_CORPUS, "the corpus has {size} bytes");
}
