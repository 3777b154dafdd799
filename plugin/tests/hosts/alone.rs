//! Every test of a host runs in a process of its own.
//!
//! A plugin that dies takes its host with it: an allocation on the audio thread aborts a debug build, as do crashes. Here that fails one
//! test and not all of them. Threads can be counted, and environment variables are set before the library is loaded.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{any, env, fs, process, thread};

use crate::log::Log;

/// Set in the process that does the work.
const ALONE: &str = "TURNAROUND_HOST_TEST_ALONE";

/// No test takes a tenth of it.
const LIMIT: Duration = Duration::from_secs(150);

/// Runs a test's body in a process of its own and fails as that does. The body is given the plugin's log.
#[track_caller]
pub fn alone(body: impl FnOnce(&Log)) {
    run(&[], body);
}

/// The same on a machine so slow that every take needs this much longer.
#[track_caller]
pub fn alone_and_slow(delay: Duration, body: impl FnOnce(&Log)) {
    run(&[("TURNAROUND_DELAY_MS", delay.as_millis().to_string())], body);
}

#[track_caller]
fn run<B: FnOnce(&Log)>(environment: &[(&str, String)], body: B) {
    if env::var_os(ALONE).is_some() {
        return body(&Log::new(PathBuf::from(env::var_os("TURNAROUND_LOG").expect("set together"))));
    }
    let test = name_of::<B>();
    let folder = scratch_folder();
    let output = folder.join("output.txt");
    let file = fs::File::create(&output).expect("a file can be made");
    let mut child = Command::new(env::current_exe().expect("a running program has a path"))
        .args([test.as_str(), "--exact", "--nocapture", "--test-threads=1"])
        .env(ALONE, "1")
        .env("TURNAROUND_LOG", folder.join("log.jsonl"))
        .env("TURNAROUND_MODELS", models())
        .env("TURNAROUND_AUDIO", folder.join("audio"))
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(file.try_clone().expect("a second handle"))
        .stderr(file)
        .spawn()
        .expect("this program can be started again");
    let begin = Instant::now();
    let status = loop {
        match child.try_wait().expect("it can be waited for") {
            Some(status) => break Some(status),
            None if begin.elapsed() > LIMIT => {
                child.kill().expect("it can be ended");
                child.wait().expect("it can be waited for");
                break None;
            }
            None => thread::sleep(Duration::from_millis(10)),
        }
    };
    let said = fs::read_to_string(&output).unwrap_or_default();
    fs::remove_dir_all(&folder).expect("what was made can be removed");
    match status {
        Some(status) if status.success() => {
            // A name that matched nothing would succeed as well.
            assert!(said.contains("1 passed"), "{test} did not run:\n{said}");
        }
        Some(status) => panic!("{test} failed alone ({status}):\n{said}"),
        None => panic!("{test} did not end within {LIMIT:?}:\n{said}"),
    }
}

/// The smallest set, which the tests of every room use.
pub fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny")
}

/// The path by which the test harness knows the function that wrote this closure.
fn name_of<B>() -> String {
    let path = any::type_name::<B>();
    let path = path.strip_suffix("::{{closure}}").unwrap_or(path);
    path.split_once("::").map_or(path, |(_crate, path)| path).to_owned()
}

fn scratch_folder() -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = format!("turnaround-hosts-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = env::temp_dir().join(name);
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}
