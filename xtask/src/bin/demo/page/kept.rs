//! The proof that everything outside the edited bars stayed as it was.

use turnaround_core::time::{SampleRate, Samples};

use crate::Demo;
use crate::edit::{Edit, Kept};

/// The table of hashes. [`Edit::verify`] has already held them against the files: an edit that failed has no page.
pub fn section(demo: &Demo) -> String {
    let rate = demo.trio.recording.audio.rate();
    let lines: String =
        demo.edits.iter().flat_map(|edit| edit.report.kept.iter().map(move |kept| line(edit, kept, rate))).collect();
    let context: Vec<String> = demo.edits[0].report.context_bars.iter().map(i64::to_string).collect();
    format!(
        "<section>\n<h2>What did not change</h2>\n<p>SHA-256 of the samples of every stretch outside the edited bars and their fades of \
         20 ms, taken from the files before and after and held against the engine's own report. The models heard bars {} as \
         context.</p>\n<table class=\"hashes\"><thead><tr><th></th><th>stretch</th><th>samples</th><th>before</th><th>after</th><th></th>\
         </tr></thead><tbody>{lines}</tbody></table>\n</section>",
        context.join(", ")
    )
}

fn line(edit: &Edit, kept: &Kept, rate: SampleRate) -> String {
    let seconds = |sample: usize| rate.seconds_from(Samples::from_len(sample)).get();
    let is_equal = kept.sha256_before == kept.sha256_after;
    format!(
        "<tr class=\"{name}\"><td class=\"name\">{name}</td><td>{:.3} – {:.3} s</td><td>{} – {}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        seconds(kept.start),
        seconds(kept.end),
        kept.start,
        kept.end,
        hash(&kept.sha256_before),
        hash(&kept.sha256_after),
        if is_equal { "equal" } else { "NOT equal" },
        name = edit.name,
    )
}

/// Enough of a hash to compare by eye; all of it under the pointer.
fn hash(hash: &str) -> String {
    format!("<code title=\"{hash}\">{}…</code>", &hash[..hash.len().min(16)])
}
