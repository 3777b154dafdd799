//! `cargo xtask pack`: one file with all that a training machine without network needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use xtask::bundles::copy::{copy_file, copy_folder};
use xtask::options::Arguments;
use xtask::process::{output, run as run_command};
use xtask::workspace;

use crate::{programs, setup};

/// The most the file may weigh, in bytes.
const MOST: u64 = 60_000_000;

/// The folder that the file unpacks to, and with it the file's name.
const NAME: &str = "turnaround-machine";

/// Packs a training program with what it needs where nothing can be fetched, and tells what was packed.
pub fn run(arguments: &[String]) -> Result<()> {
    let plan = Plan::read(arguments)?;
    let programs = programs::build(&["turnaround-training"], "", &["turnaround-training"])?;
    let folder = plan.out.join(NAME);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("{} cannot be emptied", folder.display()))?;
    }
    plan.fill(&folder, &programs[0])?;
    let file = plan.out.join(format!("{NAME}.tar.xz"));
    // Nothing of this machine is in it: the same content makes the same file.
    let mut command = Command::new("tar");
    command.env("XZ_OPT", "-9 -T1").args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"]);
    run_command(command.arg("-C").arg(&plan.out).arg("-cJf").arg(&file).arg(NAME))?;
    let size = size(&file)?;
    for (name, bytes) in contents(&folder)? {
        println!("{:>6.1} MB  {name}", bytes as f64 / 1e6);
    }
    if let Err(error) = fits(size) {
        fs::remove_file(&file).with_context(|| format!("{} cannot be removed", file.display()))?;
        return Err(error);
    }
    println!("{:>6.1} MB  {}", size as f64 / 1e6, workspace::shown(&file));
    Ok(())
}

/// What is packed, and where it is put.
struct Plan {
    binary: PathBuf,
    out: PathBuf,
    sources: Option<PathBuf>,
    soundfont: Option<PathBuf>,
    without_samples: bool,
    start: Option<PathBuf>,
}

impl Plan {
    fn read(arguments: &[String]) -> Result<Self> {
        let mut arguments = Arguments::new(arguments);
        let binary = arguments.take("--binary")?.context("--binary names the training program to pack")?;
        let out = workspace::folder(arguments.take("--out")?, "data/machine")?;
        let sources = match arguments.take("--sources")? {
            Some(named) => Some(workspace::folder(Some(named), "")?),
            None => Some(workspace::root().join("../shared/corpora")).filter(|folder| folder.is_dir()),
        };
        let soundfont = arguments.take("--soundfont")?.map(|named| workspace::folder(Some(named), "")).transpose()?;
        let without_samples = arguments.take_flag("--without-samples");
        let start = arguments.take("--start")?.map(|named| workspace::folder(Some(named), "")).transpose()?;
        arguments.finish()?;
        let binary = workspace::folder(Some(binary), "")?;
        ensure!(binary.is_file(), "there is no program {}", binary.display());
        Ok(Self { binary, out, sources, soundfont, without_samples, start })
    }

    /// Puts everything in its place. `program` is one that runs here; the packed one may want libraries that only the other machine has.
    fn fill(&self, folder: &Path, program: &Path) -> Result<()> {
        let root = workspace::root();
        copy_file(&self.binary, &folder.join("turnaround-training"))?;
        for script in ["run.sh", "throughput.py"] {
            copy_file(&root.join("training/machine").join(script), &folder.join(script))?;
        }
        for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
            copy_file(&root.join(name), &folder.join(name))?;
        }
        copy_folder(&root.join("training/configs"), &folder.join("presets"))?;
        if let Some(start) = &self.start {
            copy_folder(start, &folder.join("start"))?;
        }
        self.copy_sources(folder, program)?;
        self.pack_soundfont(folder, program)
    }

    /// The archives that the weights that ship may be trained on, and no others.
    fn copy_sources(&self, folder: &Path, program: &Path) -> Result<()> {
        let inside = folder.join("sources");
        fs::create_dir_all(&inside).with_context(|| format!("{} cannot be made", inside.display()))?;
        let Some(sources) = &self.sources else {
            eprintln!("no folder of archives: the arranger will play alone (--sources names one)");
            return Ok(());
        };
        let mut command = Command::new(program);
        command.arg("sources").args(self.without_samples.then_some("--without-samples"));
        for name in output(&mut command)?.lines() {
            match sources.join(name) {
                path if path.is_file() => copy_file(&path, &inside.join(name))?,
                path => eprintln!("going on without {name}: there is no {}", path.display()),
            }
        }
        let licences = sources.join("LICENSES.md");
        if licences.is_file() { copy_file(&licences, &inside.join("LICENSES.md")) } else { Ok(()) }
    }

    /// The font keeps its name, which tells its licence.
    fn pack_soundfont(&self, folder: &Path, program: &Path) -> Result<()> {
        let from = match &self.soundfont {
            Some(path) => path.clone(),
            None => {
                setup::soundfont()?;
                PathBuf::from(setup::packages::FLUID_SOUNDFONT.file)
            }
        };
        let stem = from.file_stem().unwrap_or_default().to_string_lossy().trim_end_matches(".packed").to_owned();
        let name = if stem.ends_with("_small") { stem } else { format!("{stem}_small") };
        let out = folder.join(format!("{name}.packed.sf2"));
        run_command(Command::new(program).args(["soundfont", "--pack", "--soundfont"]).arg(from).arg("--out").arg(out))
    }
}

fn size(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.len())
}

/// Names and sizes of the files in a folder and in those inside it.
fn contents(folder: &Path) -> Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(contents(&path)?.into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            found.push((name, size(&path)?));
        }
    }
    found.sort();
    Ok(found)
}

fn fits(bytes: u64) -> Result<()> {
    if bytes > MOST {
        bail!(
            "the pack weighs {:.1} MB, and {} MB are the most that can be carried in: --without-samples leaves out the recorded \
             notes, 13 MB",
            bytes as f64 / 1e6,
            MOST / 1_000_000
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Result<Plan> {
        Plan::read(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_program_has_to_be_named_and_to_be_there() {
        assert!(plan("").err().unwrap().to_string().contains("--binary"));
        assert!(plan("--binary /nowhere/at/all").err().unwrap().to_string().contains("/nowhere/at/all"));
    }

    #[test]
    fn what_is_named_is_packed_and_what_is_not_understood_refused() {
        let read = plan("--binary /bin/sh --sources /archives --without-samples --out /out").unwrap();
        assert_eq!((read.sources, read.out), (Some("/archives".into()), "/out".into()));
        assert!(read.without_samples);
        assert!(plan("--binary /bin/sh --fast").is_err());
    }

    #[test]
    fn a_pack_too_heavy_to_carry_is_refused_with_what_to_leave_out() {
        assert!(fits(MOST).is_ok());
        let error = fits(61_500_000).unwrap_err().to_string();
        assert!(error.contains("61.5 MB") && error.contains("--without-samples"), "{error}");
    }

    #[test]
    fn contents_are_told_with_their_folders() {
        let folder = std::env::temp_dir().join(format!("turnaround-pack-{}", std::process::id()));
        fs::create_dir_all(folder.join("sources")).unwrap();
        fs::write(folder.join("run.sh"), "12").unwrap();
        fs::write(folder.join("sources/a.zip"), "123").unwrap();
        assert_eq!(contents(&folder).unwrap(), [("run.sh".to_owned(), 2), ("sources/a.zip".to_owned(), 3)]);
        fs::remove_dir_all(folder).unwrap();
    }
}
