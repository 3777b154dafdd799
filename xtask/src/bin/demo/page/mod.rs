//! The demo's page: one HTML file that needs nothing but the WAV files beside it.

mod axis;
mod differences;
mod html;
mod kept;
mod picture;
mod spectrogram;
mod take;
mod time;

use anyhow::{Result, ensure};

use super::Demo;
use super::compare::for_models;
use super::edit::{Edit, Runtime, bars_made};
use axis::Axis;
use html::escaped;
use picture::Range;
use spectrogram::Spectrogram;
use take::Take;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The whole page. Fails when a picture cannot be written.
pub fn html(demo: &Demo) -> Result<String> {
    ensure!(!demo.edits.is_empty(), "there is no edit to show");
    let sections = [header(demo), takes(demo)?, changed(demo)?, kept::section(demo), time::section(&demo.edits), again(demo)];
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Turnaround: bars {bars}, made anew twice</title>\n<style>\n{STYLE}</style>\n<main>\n{}\n</main>\n<script>\n{SCRIPT}</script>\n</html>\n",
        sections.join("\n"),
        bars = bars_made('–')
    ))
}

fn header(demo: &Demo) -> String {
    let (trio, first) = (&demo.trio, &demo.edits[0].report);
    let audio = &trio.recording.audio;
    let facts = [
        format!("{} bars, {} at {} BPM", trio.bars.len(), trio.grid.metre, trio.grid.tempo),
        format!(
            "{} kHz, {} channels, {} bits",
            f64::from(audio.rate().hz()) / 1000.0,
            audio.channel_count(),
            trio.recording.bits
        ),
        format!("model set {} {}", first.model_set.name, first.model_set.version),
        format!("{} on {}, {}", first.runtime.version, first.runtime.provider, threads(first.runtime.threads)),
    ];
    let facts: String = facts.iter().map(|fact| format!("<li>{}</li>", escaped(fact))).collect();
    format!(
        "<header>\n<p class=\"product\">Turnaround</p>\n<h1>Bars {bars} of a piano trio, made anew twice</h1>\n\
         <p class=\"lead\">The trio below was played by our own arranger through a SoundFont. Bars {bars} were then regenerated from \
         the bars around them, once under the action that is most usual elsewhere in the piece (A), once under the one least like it \
         (B). Everything outside was left alone, to the last bit.</p>\n<ul class=\"facts\">{facts}</ul>\n{}</header>",
        why_embedded(&first.runtime),
        bars = bars_made('–')
    )
}

fn threads(count: usize) -> String {
    if count == 1 { "1 thread".to_owned() } else { format!("{count} threads") }
}

/// Why ONNX Runtime did not run, where it did not.
fn why_embedded(runtime: &Runtime) -> String {
    if runtime.runtime != "embedded" {
        return String::new();
    }
    let notes = runtime.notes.join("; ");
    format!("<p class=\"note\">The runtime compiled in was used, which is slower than ONNX Runtime. {}.</p>\n", escaped(&notes))
}

/// The three recordings, to hear and to look at.
fn takes(demo: &Demo) -> Result<String> {
    let before = &demo.trio.recording.audio;
    let axis = Axis::new(before.duration());
    let original = Spectrogram::of(before);
    let range = Range::below(original.loudest());
    let draw = |take: Take, spectrogram: &Spectrogram| take.html(&axis, &demo.trio.bars, spectrogram, range);
    let mut parts = vec![draw(Take::before(), &original)?];
    for edit in &demo.edits {
        parts.push(draw(Take::after(edit, before.rate()), &Spectrogram::of(&edit.recording.audio))?);
    }
    Ok(format!(
        "<section>\n<h2>Hear and see</h2>\n<p>Click a picture to play from there. Each shows pitch upwards (mel scale), bar lines with \
         their numbers, and brightness over {:.0} dB on one scale for all three.</p>\n{}\n</section>",
        range.decibels(),
        parts.join("\n")
    ))
}

fn changed(demo: &Demo) -> Result<String> {
    let before = for_models(&demo.trio.recording.audio)?;
    let after = demo.edits.iter().map(|edit| for_models(&edit.recording.audio)).collect::<Result<Vec<_>, _>>()?;
    Ok(format!(
        "<section>\n<h2>What changed</h2>\n<p>Level of the difference in each bar, in dB relative to the bar itself: 0 means as loud \
         as the music, = that not one sample differs. The bar before an edit differs only in its last 20 ms, where the edit fades \
         in.</p>\n{}\n{}\n</section>",
        differences::chart(demo),
        differences::table(demo, &before, &after)
    ))
}

fn again(demo: &Demo) -> String {
    let commands: Vec<String> = demo.edits.iter().map(|Edit { command, .. }| escaped(command)).collect();
    let settings = &demo.edits[0].report.settings;
    format!(
        "<section>\n<h2>Make it again</h2>\n<pre>{}</pre>\n<p>Strength {}, guidance {}, seed {}, quality {}: {} steps of the dynamics and \
         {} calls of the decoder for each bar. The same seed on the same machine gives the same samples.</p>\n</section>",
        commands.join("\n"),
        settings.strength,
        settings.guidance,
        settings.seed,
        escaped(&settings.quality),
        settings.dynamics_steps,
        settings.decoder_calls
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn the_page_needs_nothing_but_the_recordings_beside_it() {
        let page = html(&fixture::demo()).unwrap();
        assert!(!page.contains("http"), "an address outside");
        assert_eq!(page.matches("data:image/png;base64,").count(), 3);
        let sources: Vec<&str> = page.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(sources, ["before.wav", "after_A.wav", "after_B.wav"]);
    }

    #[test]
    fn kept_bars_are_drawn_as_equal_and_their_hashes_are_shown() {
        let demo = fixture::demo();
        let page = html(&demo).unwrap();
        // Three comparisons of four bars, one of which changed.
        assert_eq!(page.matches(">=</text>").count(), 9);
        assert_eq!(page.matches("<td>equal</td>").count(), 4);
        for kept in demo.edits.iter().flat_map(|edit| &edit.report.kept) {
            assert!(page.contains(&demo.trio.recording.hash(kept.start..kept.end)));
        }
    }

    #[test]
    fn a_label_is_text_and_no_tag() {
        let page = html(&fixture::demo()).unwrap();
        assert!(page.contains("busier &lt;drums&gt; 100 %") && !page.contains("<drums>"));
    }

    #[test]
    fn every_number_on_the_page_is_one() {
        let page = html(&fixture::demo()).unwrap();
        assert!(!page.contains("NaN") && !page.contains("inf\""));
    }
}
