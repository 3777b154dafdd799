//! The audio thread: made for one stretch of playback, while the main thread keeps on with its duties.

use std::thread;
use std::time::Duration;

/// How often a waiting main thread looks after the plugin.
const MAIN_THREAD_PAUSE: Duration = Duration::from_millis(1);

/// Runs `audio` on a thread of its own and `main` here over and over until it has ended. A panic there goes on here.
pub fn run(audio: impl FnOnce() + Send, mut main: impl FnMut()) {
    thread::scope(|scope| {
        let audio = thread::Builder::new().name("host-audio".into()).spawn_scoped(scope, audio).expect("threads can be made");
        while !audio.is_finished() {
            main();
            thread::sleep(MAIN_THREAD_PAUSE);
        }
        if let Err(panic) = audio.join() {
            std::panic::resume_unwind(panic);
        }
    });
    main();
}
