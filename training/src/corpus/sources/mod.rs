//! What the corpus is made from: archives in a folder, read in place, with their licences.
//!
//! None is part of the repository and none is needed. Permissive sources may feed the weights that ship; copyleft ones are opened
//! only when asked for, and make a set of their own kind.

pub mod archive;
pub mod changes;
pub mod groove;
pub mod idiom;
pub mod improvisor;
pub mod irb;
pub mod midi;
pub mod nottingham;
pub mod samples;
pub mod symbols;
#[cfg(test)]
pub mod testing;
pub mod weimar;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use self::archive::Archive;
use self::changes::Changes;
use self::idiom::Idiom;
use self::samples::SampleSet;
use self::weimar::Solo;

/// What licences a corpus, and the weights trained on it, fall under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Permissive sources alone.
    Permissive,
    /// Copyleft sources among them.
    Copyleft,
    /// The user's own recordings: whose they are, so are the weights.
    Own,
}

impl Kind {
    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Permissive => "permissive",
            Kind::Copyleft => "copyleft",
            Kind::Own => "own",
        }
    }
}

/// A source as the manifest records it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceRow {
    /// File name.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its licence.
    pub licence: String,
    /// Whom to credit, and what was taken from it.
    pub credit: String,
}

/// An archive this program can read.
struct Known {
    file: &'static str,
    kind: Kind,
    licence: &'static str,
    credit: &'static str,
}

const fn known(file: &'static str, kind: Kind, licence: &'static str, credit: &'static str) -> Known {
    Known { file, kind, licence, credit }
}

const WEIMAR: Known = known(
    "wjd_odbl_mit.zip",
    Kind::Permissive,
    "ODbL 1.0",
    "Contains information from the Weimar Jazz Database (Jazzomat Research Project, Hochschule für Musik Franz Liszt Weimar), made \
     available under the ODbL 1.0; solos, beats and statistics",
);
const GROOVE: Known = known(
    "groove_midi_ccby40.zip",
    Kind::Permissive,
    "CC-BY 4.0",
    "Groove MIDI Dataset, Google Magenta; Gillick, Roberts, Engel, Eck, Bamman, Learning to Groove with Inverse Sequence \
     Transformations, ICML 2019; keys remapped, bars warped",
);
const IRB: Known =
    known("irb_changes_mit.zip", Kind::Permissive, "MIT", "parkR, Klaus Frieler, with the iRb corpus; chord changes");
const BASS: Known = known("meatbass_pizz_cc0_22k.zip", Kind::Permissive, "CC0 1.0", "Karoryfer Meatbass; recorded notes");
const PIANO: Known =
    known("upright_piano_kw_cc0_22k.zip", Kind::Permissive, "CC0 1.0", "FreePats Upright Piano KW; recorded notes");
const IMPROVISOR: Known =
    known("improvisor_gpl2.zip", Kind::Copyleft, "GPL-2.0-or-later", "Impro-Visor, Bob Keller and contributors; chord changes");
const NOTTINGHAM: Known = known(
    "nottingham_gpl3.zip",
    Kind::Copyleft,
    "GPL-3.0",
    "Jukedeck and the Nottingham Music Database (E. Foxley); melodies and chords",
);

const ALL: [&Known; 7] = [&WEIMAR, &GROOVE, &IRB, &BASS, &PIANO, &IMPROVISOR, &NOTTINGHAM];

/// File names of the archives whose licences suit `kind`.
pub fn files(kind: Kind) -> Vec<&'static str> {
    ALL.into_iter().filter(|known| known.kind <= kind).map(|known| known.file).collect()
}

/// Whether an archive holds recorded notes, which are large, and which the SoundFont can stand in for.
pub fn is_recorded(file: &str) -> bool {
    [&BASS, &PIANO].iter().any(|known| known.file == file)
}

/// A sentence for every archive of `kind` that a folder lacks.
pub fn absent(folder: &Path, kind: Kind) -> Vec<String> {
    let missing = files(kind).into_iter().filter(|file| !folder.join(file).is_file());
    missing.map(|file| format!("{file} is not in {}: the corpus does without it.", folder.display())).collect()
}

/// Everything that was found.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Transcribed solos.
    pub solos: Vec<Solo>,
    /// How soloists of the train split move.
    pub idiom: Option<Idiom>,
    /// Drummers' performances.
    pub drums: Vec<groove::Take>,
    /// Tunes.
    pub changes: Vec<Changes>,
    /// A recorded double bass.
    pub bass: Option<SampleSet>,
    /// A recorded piano.
    pub piano: Option<SampleSet>,
    /// What was opened, for the manifest.
    pub rows: Vec<SourceRow>,
}

impl Sources {
    /// No archives: the arranger plays alone.
    pub fn none() -> Self {
        Self::default()
    }

    /// Opens what a folder holds of `kind`. A missing archive is done without ([`absent`] tells); a damaged one is an
    /// error.
    pub fn open(folder: &Path, kind: Kind) -> Result<Self> {
        ensure!(folder.is_dir(), "{} is no folder of sources", folder.display());
        let mut sources = Self::default();
        if let Some(mut archive) = sources.archive(folder, &WEIMAR)? {
            sources.solos = weimar::read(&mut archive).context("cannot read the Weimar solos")?;
            sources.idiom = Idiom::of(&sources.solos);
        }
        if let Some(mut archive) = sources.archive(folder, &GROOVE)? {
            sources.drums = groove::read(&mut archive).context("cannot read the drummers' performances")?;
        }
        if let Some(mut archive) = sources.archive(folder, &IRB)? {
            sources.changes.extend(irb::read(&mut archive).context("cannot read the changes of iRb")?);
        }
        if let Some(mut archive) = sources.archive(folder, &BASS)? {
            sources.bass = Some(samples::bass(&mut archive).context("cannot read the recorded bass")?);
        }
        if let Some(mut archive) = sources.archive(folder, &PIANO)? {
            sources.piano = Some(samples::piano(&mut archive).context("cannot read the recorded piano")?);
        }
        if kind == Kind::Copyleft {
            if let Some(mut archive) = sources.archive(folder, &IMPROVISOR)? {
                sources.changes.extend(improvisor::read(&mut archive).context("cannot read Impro-Visor's sheets")?);
            }
            if let Some(mut archive) = sources.archive(folder, &NOTTINGHAM)? {
                sources.changes.extend(nottingham::read(&mut archive).context("cannot read the Nottingham tunes")?);
            }
        }
        Ok(sources)
    }

    fn archive(&mut self, folder: &Path, known: &Known) -> Result<Option<Archive>> {
        let path = folder.join(known.file);
        if !path.is_file() {
            return Ok(None);
        }
        let archive = Archive::open(&path)?;
        self.rows.push(SourceRow {
            file: known.file.to_owned(),
            sha256: archive.sha256.clone(),
            licence: known.licence.to_owned(),
            credit: known.credit.to_owned(),
        });
        Ok(Some(archive))
    }

    /// What identifies the sources: their names and hashes, one after another.
    pub fn fingerprint(&self) -> String {
        let names = self.rows.iter().map(|row| format!("{}:{}", row.file, &row.sha256[..16]));
        let names: Vec<String> = names.collect();
        if names.is_empty() { "none".to_owned() } else { names.join(",") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_archives_cost_a_sentence_each_and_a_missing_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let sources = Sources::open(folder.path(), Kind::Permissive).unwrap();
        assert!(sources.rows.is_empty());
        let absent = [Kind::Permissive, Kind::Copyleft].map(|kind| absent(folder.path(), kind));
        assert_eq!(absent.each_ref().map(Vec::len), [5, 7]);
        assert!(absent[0].iter().all(|sentence| sentence.contains("does without it")));
        let error = Sources::open(Path::new("/nowhere/at/all"), Kind::Permissive).unwrap_err().to_string();
        assert!(error.contains("no folder of sources"), "{error}");
    }

    #[test]
    fn two_archives_hold_recorded_notes_and_neither_is_copyleft() {
        assert_eq!(files(Kind::Permissive).into_iter().filter(|file| is_recorded(file)).count(), 2);
        assert_eq!(files(Kind::Copyleft).into_iter().filter(|file| is_recorded(file)).count(), 2);
    }

    #[test]
    fn copyleft_archives_stay_closed_unless_asked_for() {
        let folder = testing::folder_of_sources();
        let permissive = Sources::open(folder.path(), Kind::Permissive).unwrap();
        assert!(permissive.rows.iter().all(|row| !row.licence.contains("GPL")));
        assert!(permissive.changes.iter().all(|tune| tune.origin == "irb"));
        let copyleft = Sources::open(folder.path(), Kind::Copyleft).unwrap();
        assert!(copyleft.changes.iter().any(|tune| tune.origin == "improvisor"));
        assert_ne!(permissive.fingerprint(), copyleft.fingerprint());
    }
}
