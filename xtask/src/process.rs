//! Other programs, run where the user can see them.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// The cargo that runs us, in the workspace's top folder.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace::root());
    command
}

/// Shows the command and runs it on our own terminal. Fails when it cannot start or does not succeed.
pub fn run(command: &mut Command) -> Result<()> {
    eprintln!("$ {}", shown(command));
    let status = command.status().with_context(|| format!("{} cannot be started", shown(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs a command and returns what it wrote to its output; its errors go to our terminal. Fails like [`run`].
pub fn output(command: &mut Command) -> Result<String> {
    eprintln!("$ {}", shown(command));
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("{} cannot be started", shown(command)))?;
    if !output.status.success() {
        bail!("{} failed ({})", shown(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{} did not write text", shown(command)))
}

/// Whether a command can be run and succeeds, without a word.
pub fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// A command as one would type it in the top folder; of programs elsewhere only the name.
pub fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = match program.strip_prefix(workspace::root()) {
        Ok(inside) => inside.display().to_string(),
        Err(_) => program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned(),
    };
    let arguments = command.get_args().map(|argument| {
        let text = workspace::shown(Path::new(argument));
        if text.contains(' ') { format!("'{text}'") } else { text }
    });
    std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_types_it() {
        let mut command = Command::new("/usr/bin/turnaround");
        command.arg("regenerate").arg(workspace::root().join("demo/before.wav")).arg("two words");
        assert_eq!(shown(&command), "turnaround regenerate demo/before.wav 'two words'");
        let ours = Command::new(workspace::root().join("target/release/turnaround"));
        assert_eq!(shown(&ours), "target/release/turnaround");
    }

    #[test]
    fn a_failing_command_is_an_error_that_names_it() {
        let error = run(Command::new("false").arg("--x")).unwrap_err().to_string();
        assert!(error.contains("false --x"), "{error}");
        assert!(!succeeds(&mut Command::new("no-such-program-anywhere")));
    }

    #[test]
    fn output_is_what_the_program_wrote() {
        assert_eq!(output(Command::new("echo").arg("bar 5")).unwrap(), "bar 5\n");
    }
}
