//! Who may do what: rights, the roles that bundle them, and the whole table of which has which.
//!
//! A route names the right that it needs (`routes::ROUTES`), a visitor has grants; nothing else
//! decides. How somebody shows who he is is for `access`.

use std::sync::Arc;

/// What a request needs of whoever sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Nothing: the page's own parts, signing in. No account is asked for.
    Nothing,
    /// To be one of those who may use the server at all, in whatever role.
    Entry,
    /// To see names and contents.
    Read,
    /// To add what was not there.
    Create,
    /// To replace, move or remove what was there.
    Change,
}

/// What somebody may do, by what is to be said of accounts and by what the whole server allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Read, and nothing else.
    ReadOnly,
    /// Everything.
    #[default]
    ReadWrite,
    /// Add files, and see none.
    Drop,
}

/// The rights of a visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grants {
    read: bool,
    create: bool,
    change: bool,
}

impl Grants {
    /// Whether what needs this right may be done.
    pub fn has(self, right: Right) -> bool {
        match right {
            Right::Nothing | Right::Entry => true,
            Right::Read => self.read,
            Right::Create => self.create,
            Right::Change => self.change,
        }
    }

    /// None at all.
    pub const NONE: Grants = Grants {
        read: false,
        create: false,
        change: false,
    };

    /// What both allow.
    #[must_use]
    pub fn and(self, other: Grants) -> Grants {
        Grants {
            read: self.read && other.read,
            create: self.create && other.create,
            change: self.change && other.change,
        }
    }
}

impl Role {
    /// The role's rights.
    pub fn grants(self) -> Grants {
        let (read, create, change) = match self {
            Role::ReadOnly => (true, false, false),
            Role::ReadWrite => (true, true, true),
            Role::Drop => (false, true, false),
        };
        Grants {
            read,
            create,
            change,
        }
    }

    /// The word for it, as accounts have it.
    pub fn word(self) -> &'static str {
        match self {
            Role::ReadOnly => "ro",
            Role::ReadWrite => "rw",
            Role::Drop => "drop",
        }
    }

    /// The role with that word.
    pub fn from_word(word: &str) -> Option<Role> {
        [Role::ReadOnly, Role::ReadWrite, Role::Drop]
            .into_iter()
            .find(|role| role.word() == word)
    }
}

/// Who sends a request, as far as that matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// The name of the account; None where there are no accounts, or before anybody was asked.
    pub account: Option<Arc<str>>,
    /// What may be done.
    pub grants: Grants,
}

impl Visitor {
    /// Somebody without an account, on a server that allows this much.
    pub fn anybody(grants: Grants) -> Visitor {
        Visitor {
            account: None,
            grants,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_its_rights_and_no_other() {
        for (role, rights) in [
            (Role::ReadOnly, [true, true, true, false, false]),
            (Role::ReadWrite, [true, true, true, true, true]),
            (Role::Drop, [true, true, false, true, false]),
        ] {
            let all = [
                Right::Nothing,
                Right::Entry,
                Right::Read,
                Right::Create,
                Right::Change,
            ];
            assert_eq!(all.map(|right| role.grants().has(right)), rights);
            assert_eq!(Role::from_word(role.word()), Some(role));
        }
        let neither = Role::ReadOnly.grants().and(Role::Drop.grants());
        assert!(neither.has(Right::Entry) && !neither.has(Right::Read));
        assert!(!neither.has(Right::Create));
        assert_eq!(Role::from_word("admin"), None);
    }
}
