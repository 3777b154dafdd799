//! The audition page: every knob with what it was measured to do, to listen to, to rename and to veto.
//!
//! The page works from a folder, without a server; what was decided on it is saved as a file that `curate --choices` reads.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use turnaround_core::contract::Manifest;
use turnaround_core::descriptors::Descriptor;

use super::listen::Heard;
use super::tables::{shortlist, strongest};
use super::{Curation, Trial};
use crate::page::{escaped, whole};
use crate::recording::write_wav;

/// Pixels of a map's side, and of a bar for one standard deviation.
const MAP: f32 = 460.0;
const BAR: f32 = 22.0;

/// Standard deviations at which bars end.
const MOST: f32 = 2.5;

/// Decides nothing by itself: it collects what boxes and names say and hands it over as a file.
const SCRIPT: &str = "
<script>
function choices() {
  const found = { veto: [], keep: [], names: {} };
  document.querySelectorAll('tr[data-knob]').forEach(row => {
    const knob = Number(row.dataset.knob), name = row.querySelector('input[type=text]');
    if (row.querySelector('.veto').checked) found.veto.push(knob);
    if (row.querySelector('.keep').checked) found.keep.push(knob);
    if (name.value.trim() && name.value !== name.defaultValue) found.names[knob] = name.value.trim();
  });
  return JSON.stringify(found, null, 2) + '\\n';
}
function save() {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([choices()], { type: 'application/json' }));
  link.download = 'choices.json';
  link.click();
}
</script>
";

/// Writes `index.html` and the sounds it plays into `folder`.
///
/// # Errors
/// When something cannot be written.
pub fn write(folder: &Path, manifest: &Manifest, curation: &Curation, heard: &[Heard]) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let mut body = String::from(SCRIPT);
    writeln!(
        body,
        "<p>Set <b>{}</b>. Each knob alone, at its full weight. Changes are in standard deviations of real bars, beside no action. \
         Listen, rename, veto; <button onclick=\"save()\">save the choices</button> and give the file to <code>curate --choices</code>.</p>",
        escaped(&manifest.name)
    )?;
    body.push_str(&map(manifest));
    body.push_str("<table><tr><th></th><th>two bars before, the bar, what follows</th>");
    (0..heard.len()).for_each(|context| body.push_str(&format!("<th>context {}</th>", context + 1)));
    body.push_str("</tr>\n");
    plain_row(folder, "dry", "as it was played", heard, |heard| &heard.dry, &mut body)?;
    plain_row(folder, "none", "no action", heard, |heard| &heard.without, &mut body)?;
    for index in shortlist(manifest) {
        let (action, trial) = (&manifest.actions[index], &curation.actions[index]);
        writeln!(
            body,
            "<tr data-knob=\"{index}\"><td>{index}<br><label><input type=\"checkbox\" class=\"veto\"> veto</label><br>\
             <label><input type=\"checkbox\" class=\"keep\"> keep</label></td>\
             <td><input type=\"text\" size=\"34\" value=\"{}\"><br>{}<br>consistency {:.2}, told apart {:.0} %{}</td>",
            escaped(&action.label),
            strongest(trial).join(", "),
            trial.consistency,
            100.0 * trial.separability,
            bars(trial)
        )?;
        for (context, heard) in heard.iter().enumerate() {
            let sound = heard.under.iter().find(|(other, _)| *other == index).map(|(_, sound)| sound.as_slice());
            player(folder, &format!("knob-{index}-{}", context + 1), sound.unwrap_or_default(), heard, &mut body)?;
        }
        body.push_str("</tr>\n");
    }
    body.push_str("</table>\n");
    let path = folder.join("index.html");
    fs::write(&path, whole("Knobs", &body)).with_context(|| format!("writing {}", path.display()))
}

fn plain_row(
    folder: &Path,
    name: &str,
    title: &str,
    heard: &[Heard],
    sound: impl Fn(&Heard) -> &Vec<f32>,
    body: &mut String,
) -> Result<()> {
    write!(body, "<tr><td></td><td>{title}</td>")?;
    for (context, heard) in heard.iter().enumerate() {
        player(folder, &format!("{name}-{}", context + 1), sound(heard), heard, body)?;
    }
    body.push_str("</tr>\n");
    Ok(())
}

fn player(folder: &Path, name: &str, sound: &[f32], heard: &Heard, body: &mut String) -> Result<()> {
    write_wav(&folder.join(format!("{name}.wav")), sound, heard.rate)?;
    write!(body, "<td><audio controls preload=\"none\" style=\"width: 230px\" src=\"{name}.wav\"></audio></td>")?;
    Ok(())
}

/// Where the actions lie on the map; shortlisted ones with their names.
fn map(manifest: &Manifest) -> String {
    let place = |x: f32| MAP * (0.08 + 0.84 * (x + 1.0) / 2.0);
    let mut svg = format!("<svg width=\"{}\" height=\"{MAP}\" style=\"border: 1px solid #ccc\">\n", 1.6 * MAP);
    for action in &manifest.actions {
        let Some(measured) = &action.measured else { continue };
        let (x, y) = (place(measured.position[0]), place(-measured.position[1]));
        let (radius, colour) = if measured.is_shortlisted { (5, "#0072b2") } else { (3, "#bbbbbb") };
        svg.push_str(&format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{colour}\"/>\n"));
        if measured.is_shortlisted {
            let label = escaped(&action.label);
            svg.push_str(&format!("<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\">{label}</text>\n", x + 8.0, y + 4.0));
        }
    }
    svg + "</svg>\n"
}

/// What a knob changes, a bar for each descriptor, less to the left and more to the right.
fn bars(trial: &Trial) -> String {
    let (row, middle) = (11.0, BAR * MOST);
    let mut svg = format!("<br><svg width=\"{}\" height=\"{}\">", 2.0 * middle + 110.0, row * Descriptor::ALL.len() as f32);
    for (line, (descriptor, change)) in trial.effect.iter().enumerate() {
        let (width, y) = (BAR * change.abs().min(MOST), row * line as f32);
        let x = if *change < 0.0 { middle - width } else { middle };
        let shade = 0.25 + 0.75 * trial.steadiness[descriptor];
        svg.push_str(&format!(
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"8\" fill=\"#0072b2\" fill-opacity=\"{shade:.2}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"10\">{descriptor}</text>",
            y + 1.0,
            2.0 * middle + 6.0,
            y + 9.0
        ));
    }
    svg + "</svg>"
}
