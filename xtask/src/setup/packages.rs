//! System packages of Debian and Ubuntu, installed only where their file is missing.

use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use xtask::process::{run, succeeds};

/// A file that has to be there, and the package that brings it.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// An absolute path.
    pub file: &'static str,
    /// A package of Debian and Ubuntu.
    pub package: &'static str,
}

/// FluidR3, 148 MB: all our music is played with it.
pub const FLUID_SOUNDFONT: Need = Need { file: "/usr/share/sounds/sf2/FluidR3_GM.sf2", package: "fluid-soundfont-gm" };

/// TimGM6mb, 6 MB.
pub const SMALL_SOUNDFONT: Need = Need { file: "/usr/share/sounds/sf2/TimGM6mb.sf2", package: "timgm6mb-soundfont" };

/// Headers of ALSA and JACK and the tool that finds them: the plugin's standalone is compiled against them.
pub const AUDIO_DEVICE_HEADERS: [Need; 3] = [
    Need { file: "/usr/bin/pkg-config", package: "pkg-config" },
    Need { file: "/usr/include/alsa/asoundlib.h", package: "libasound2-dev" },
    Need { file: "/usr/include/jack/jack.h", package: "libjack-jackd2-dev" },
];

/// Ardour 7, with the programs that run it without a screen.
pub const ARDOUR: Need = Need { file: "/usr/bin/ardour7-lua", package: "ardour" };

impl Need {
    /// Whether the file is there.
    pub fn is_there(&self) -> bool {
        Path::new(self.file).is_file()
    }
}

/// Installs the packages whose files are missing, all in one go; says nothing when none is.
///
/// Fails, with the command to type, where we may not install or the machine is neither Debian nor Ubuntu.
pub fn ensure(needs: &[Need]) -> Result<()> {
    let missing: Vec<&str> = needs.iter().filter(|need| !need.is_there()).map(|need| need.package).collect();
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

/// Installs packages. Fails like [`ensure`].
pub fn install(packages: &[&str]) -> Result<()> {
    let Some(rights) = Rights::here() else { bail!(advice(packages)) };
    eprintln!("installing {}", packages.join(", "));
    if run(&mut install_command(rights, packages)).is_err() {
        // A fresh container has no package lists yet.
        run(&mut apt_get(rights, &["update"]))?;
        run(&mut install_command(rights, packages))?;
    }
    Ok(())
}

/// How we may call `apt-get`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rights {
    /// As we are.
    Root,
    /// Through sudo, which may ask for a password.
    Sudo,
}

impl Rights {
    /// Nothing where there is no `apt-get`, or no way to call it.
    fn here() -> Option<Self> {
        if !succeeds(Command::new("apt-get").arg("--version")) {
            return None;
        }
        if is_root() {
            return Some(Rights::Root);
        }
        let can_ask = std::io::stdin().is_terminal() && succeeds(Command::new("sudo").arg("--version"));
        (can_ask || succeeds(Command::new("sudo").args(["--non-interactive", "true"]))).then_some(Rights::Sudo)
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn install_command(rights: Rights, packages: &[&str]) -> Command {
    let mut command = apt_get(rights, &["install", "--yes", "--no-install-recommends"]);
    command.args(packages);
    command
}

fn apt_get(rights: Rights, arguments: &[&str]) -> Command {
    let mut command = match rights {
        Rights::Root => Command::new("env"),
        Rights::Sudo => {
            let mut sudo = Command::new("sudo");
            sudo.arg("env");
            sudo
        }
    };
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments);
    command
}

fn advice(packages: &[&str]) -> String {
    let packages = packages.join(" ");
    format!(
        "{packages} is missing and may not be installed from here; type\n\n    sudo apt-get install {packages}\n\nand start again"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use xtask::process::shown;

    #[test]
    fn nothing_missing_runs_nothing() {
        let here = Need { file: concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), package: "no-such-package" };
        assert!(ensure(&[here]).is_ok());
    }

    #[test]
    fn all_packages_go_into_one_command() {
        let packages = ["fluid-soundfont-gm", "python3-pip"];
        assert_eq!(
            shown(&install_command(Rights::Root, &packages)),
            "env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends fluid-soundfont-gm python3-pip"
        );
        assert!(shown(&install_command(Rights::Sudo, &packages)).starts_with("sudo env DEBIAN_FRONTEND=noninteractive apt-get "));
    }

    #[test]
    fn who_may_not_install_is_told_the_exact_command() {
        assert!(advice(&["fluid-soundfont-gm"]).contains("\n    sudo apt-get install fluid-soundfont-gm\n"));
    }
}
