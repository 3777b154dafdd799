//! `cargo xtask install`: bundles, and copies what hosts load to where they look for it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use xtask::bundles::{self, Format};
use xtask::options::Arguments;
use xtask::workspace;

use crate::bundle::{self, Made};

/// Builds, bundles, and installs for this user. `--to` names a folder to take for the user's home.
pub fn run(arguments: &[String]) -> Result<()> {
    let mut arguments = Arguments::new(arguments);
    let is_release = arguments.take_flag("--release");
    let home = match arguments.take("--to")? {
        Some(named) => workspace::folder(Some(named), "")?,
        None => std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute()).context("HOME names no folder")?,
    };
    arguments.finish()?;
    let made = bundle::make(is_release)?;
    for path in install(&made, &home)? {
        println!("{}", path.display());
    }
    Ok(())
}

/// Copies each plugin into its folder; what was copied. The standalone stays where it is: programs have no such folder.
fn install(made: &Made, home: &Path) -> Result<Vec<PathBuf>> {
    let mut installed = Vec::new();
    for bundle in &made.bundles {
        let Some(folder) = plugin_folder(bundle.format).map(|folder| home.join(folder)) else { continue };
        bundles::copy(bundle, &made.folder, &folder)?;
        installed.extend(bundle.items.iter().map(|item| folder.join(item)));
    }
    Ok(installed)
}

/// Where Linux hosts look in a user's home, after CLAP's `entry.h` and Steinberg's "Plug-in Locations".
fn plugin_folder(format: Format) -> Option<&'static str> {
    match format {
        Format::Clap => Some(".clap"),
        Format::Vst3 => Some(".vst3"),
        Format::Standalone => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xtask::bundles::Bundle;

    #[test]
    fn plugins_go_where_hosts_look_and_the_standalone_stays() {
        let top = std::env::temp_dir().join(format!("turnaround-install-{}", std::process::id()));
        let folder = top.join("bundled");
        std::fs::create_dir_all(&folder).unwrap();
        let bundle = |format, name: &str| {
            std::fs::write(folder.join(name), name).unwrap();
            Bundle { format, items: vec![name.into()] }
        };
        let bundles = vec![bundle(Format::Clap, "T.clap"), bundle(Format::Vst3, "T.vst3"), bundle(Format::Standalone, "T")];
        let home = top.join("home");
        let installed = install(&Made { folder: folder.clone(), bundles }, &home).unwrap();
        assert_eq!(installed, [home.join(".clap/T.clap"), home.join(".vst3/T.vst3")]);
        assert!(installed.iter().all(|path| path.is_file()));
        std::fs::remove_dir_all(top).unwrap();
    }

    #[test]
    fn what_is_not_understood_is_refused_before_anything_is_built() {
        assert!(run(&["--fast".to_owned()]).unwrap_err().to_string().contains("--fast"));
        assert!(run(&["--to".to_owned()]).is_err());
    }
}
