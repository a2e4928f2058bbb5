//! Installing distribution packages, where this user may.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process;

/// The machine's packages, as far as this user may install them.
#[derive(Debug)]
pub(crate) struct Packages {
    rights: Rights,
    /// The lists are fetched once, and only when something is to be installed.
    updated: bool,
}

/// What this user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rights {
    /// Install as it is.
    Root,
    /// Install through `sudo`, which asks for no password.
    Sudo,
    /// Install nothing.
    Nothing,
    /// This system does not have `apt-get`.
    NoApt,
}

impl Packages {
    /// Looks what this user may do; changes nothing.
    pub(crate) fn of_this_machine() -> Self {
        let rights = if process::on_path("apt-get").is_none() {
            Rights::NoApt
        } else if process::first_line(Command::new("id").arg("-u")).as_deref() == Some("0") {
            Rights::Root
        } else if process::works(Command::new("sudo").args(["-n", "true"])) {
            Rights::Sudo
        } else {
            Rights::Nothing
        };
        Self { rights, updated: false }
    }

    /// Installs `packages` so that `what` is there. Where this user may not, the error is the
    /// command to type.
    pub(crate) fn install(&mut self, what: &str, packages: &[&str]) -> Result<()> {
        if let Some(refusal) = refusal(self.rights, what, packages) {
            bail!(refusal);
        }
        self.refresh();
        let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
        arguments.extend(packages);
        process::run(&format!("install {what}"), &mut self.apt_get(&arguments))
    }

    /// Fetches the lists of packages, once, where this user may.
    pub(crate) fn refresh(&mut self) {
        if self.updated || !matches!(self.rights, Rights::Root | Rights::Sudo) {
            return;
        }
        self.updated = true;
        // A list that cannot be fetched need not be the one with these packages.
        if let Err(error) = process::run("packages", &mut self.apt_get(&["update"])) {
            println!("== packages: going on without fresh lists: {error:#}");
        }
    }

    fn apt_get(&self, arguments: &[&str]) -> Command {
        let words = apt_get(self.rights, arguments);
        let mut words = words.iter();
        let mut command = Command::new(words.next().map_or("apt-get", String::as_str));
        command.args(words);
        command
    }
}

/// The words of an `apt-get` that asks no questions and waits for another one to finish.
fn apt_get(rights: Rights, arguments: &[&str]) -> Vec<String> {
    let sudo: &[&str] = match rights {
        Rights::Sudo => &["sudo", "-n"],
        Rights::Root | Rights::Nothing | Rights::NoApt => &[],
    };
    let quietly = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"];
    let patiently = ["-o", "DPkg::Lock::Timeout=300"];
    let words = [sudo, &quietly, &patiently, arguments].concat();
    words.into_iter().map(str::to_owned).collect()
}

/// Why `packages` cannot be installed, with the remedy, or `None` where they can.
fn refusal(rights: Rights, what: &str, packages: &[&str]) -> Option<String> {
    let packages = packages.join(" ");
    match rights {
        Rights::Root | Rights::Sudo => None,
        Rights::Nothing => Some(format!(
            "{what} is missing and this user may not install it; type: \
             sudo apt-get install --yes --no-install-recommends {packages}"
        )),
        Rights::NoApt => Some(format!(
            "{what} is missing and this system has no apt-get; install it with the system's own \
             package manager (Debian's packages are: {packages})"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_install_gets_the_command_to_type() {
        assert_eq!(
            refusal(Rights::Nothing, "Node.js", &["nodejs", "npm"]).unwrap(),
            "Node.js is missing and this user may not install it; type: \
             sudo apt-get install --yes --no-install-recommends nodejs npm"
        );
        assert!(refusal(Rights::NoApt, "ffmpeg", &["ffmpeg"]).unwrap().contains("no apt-get"));
    }

    #[test]
    fn who_may_install_is_not_refused() {
        assert_eq!(refusal(Rights::Root, "ffmpeg", &["ffmpeg"]), None);
        assert_eq!(refusal(Rights::Sudo, "ffmpeg", &["ffmpeg"]), None);
    }

    #[test]
    fn packages_are_installed_without_questions() {
        let typed = |rights| apt_get(rights, &["update"]).join(" ");
        let apt = "env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 update";
        assert_eq!(typed(Rights::Root), apt);
        assert_eq!(typed(Rights::Sudo), format!("sudo -n {apt}"));
    }
}
