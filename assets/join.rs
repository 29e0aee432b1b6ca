//! Joins what the page is written in, for the way to the browser: a page of forty small files costs
//! forty requests and as many heads, and half of each file are words for its readers.
//!
//! The sources work as they are, from any server of files; what is joined does the same. Comments,
//! empty lines and the space before a line go; no name and no code is changed. This is no minifier
//! and no bundler for the code of others: it knows the few forms of `import` and `export` that are
//! used here, and panics on any other.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Without comments that have lines of their own, types of JSDoc, and empty lines.
pub(crate) fn without_comments(text: &str) -> String {
    let mut kept = String::new();
    let mut in_comment = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if in_comment || trimmed.starts_with("/*") {
            let rest = trimmed.split_once("*/").map(|(_, rest)| rest);
            in_comment = rest.is_none();
            if rest.is_none_or(str::is_empty) {
                continue;
            }
        }
        if trimmed.is_empty() || trimmed.starts_with("//") {
            continue;
        }
        // The indentation is for readers; no string here goes over the end of a line.
        kept += without_types(line).trim_start();
        kept.push('\n');
    }
    kept
}

/// `/** @type {Element} */ (event.target)` without the type.
fn without_types(line: &str) -> String {
    let mut kept = line.to_owned();
    while let Some(start) = kept.find("/** @") {
        let Some(length) = kept[start..].find("*/") else {
            return kept;
        };
        let end = start + length + "*/".len();
        let end = end + usize::from(kept[end..].starts_with(' '));
        kept.replace_range(start..end, "");
    }
    kept
}

/// A module and all that it imports, as one. Each becomes a function that is called once, after
/// those that it needs, and gives back what it exports.
pub(crate) fn module(folder: &Path, root: &str) -> (String, Vec<String>) {
    let mut joined = Joined::default();
    let body = joined.add(folder, root, &mut Vec::new());
    joined.text += &body.text;
    if !body.exports.is_empty() {
        let exports = body
            .exports
            .join(", ")
            .replace("default: $default", "$default as default");
        writeln!(joined.text, "export {{ {exports} }};").unwrap();
    }
    (joined.text, joined.order)
}

#[derive(Default)]
struct Joined {
    text: String,
    /// The modules in `text`, each after those that it needs.
    order: Vec<String>,
    numbers: HashMap<String, usize>,
}

struct Module {
    /// Its code, imports made constants.
    text: String,
    exports: Vec<String>,
}

impl Joined {
    /// Adds what a module needs, and returns the module itself. `way` is how it was come to.
    fn add(&mut self, folder: &Path, name: &str, way: &mut Vec<String>) -> Module {
        assert!(
            !way.contains(&name.to_owned()),
            "{name} imports itself: {way:?}"
        );
        way.push(name.to_owned());
        let source = fs::read_to_string(folder.join(name)).unwrap();
        let source = without_comments(&source);
        let mut module = Module {
            text: String::new(),
            exports: Vec::new(),
        };
        let mut lines = source.lines();
        while let Some(line) = lines.next() {
            if line.starts_with("import ") {
                let mut statement = line.to_owned();
                while !statement.ends_with(';') {
                    statement += lines.next().unwrap().trim();
                }
                let constant = self.import(folder, name, &statement, way);
                writeln!(module.text, "{constant}").unwrap();
            } else if let Some(declared) = line.strip_prefix("export ") {
                module.text += &exported(declared, name, &mut module.exports);
                module.text.push('\n');
            } else {
                module.text += line;
                module.text.push('\n');
            }
        }
        way.pop();
        module
    }

    /// `import { a, b as c } from './x.js';` as `const { a, b: c } = $1;`.
    fn import(
        &mut self,
        folder: &Path,
        by: &str,
        statement: &str,
        way: &mut Vec<String>,
    ) -> String {
        let wrong = || panic!("{by}: this form of import is not known: {statement}");
        let parts = statement
            .strip_prefix("import ")
            .and_then(|s| s.strip_suffix("';"));
        let (what, path) = parts
            .and_then(|s| s.split_once("from './"))
            .unwrap_or_else(wrong);
        let beside = Path::new(by).parent().unwrap_or(Path::new("")).join(path);
        let path = beside.to_str().unwrap().to_owned();
        if !self.numbers.contains_key(&path) {
            let module = self.add(folder, &path, way);
            let number = self.numbers.len();
            let exports = module.exports.join(", ");
            write!(
                self.text,
                "const ${number} = (() => {{\n{}return {{ {exports} }};\n}})();\n",
                module.text
            )
            .unwrap();
            self.numbers.insert(path.clone(), number);
            self.order.push(path.clone());
        }
        let number = self.numbers[&path];
        let what = what.trim();
        if let Some(name) = what.strip_prefix("* as ") {
            format!("const {name} = ${number};")
        } else if what.starts_with('{') {
            format!("const {} = ${number};", what.replace(" as ", ": "))
        } else {
            format!("const {what} = ${number}.default;")
        }
    }
}

/// A declaration without its `export`, which goes into `exports`.
fn exported(declared: &str, by: &str, exports: &mut Vec<String>) -> String {
    if let Some(value) = declared.strip_prefix("default ") {
        exports.push("default: $default".to_owned());
        return format!("const $default = {value}");
    }
    let mut words = declared.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
    let name = words.find(|word| !["async", "function", "class", "const", ""].contains(word));
    let known = ["async function ", "function ", "class ", "const "];
    assert!(
        known.iter().any(|form| declared.starts_with(form)),
        "{by}: this form of export is not known: {declared}"
    );
    exports.push(name.unwrap().to_owned());
    declared.to_owned()
}

/// What becomes of the page and its style sheets.
pub(crate) struct Page {
    pub(crate) html: String,
    /// The sheets of its head, which stand in it.
    pub(crate) inline: String,
    /// Those of its body, under the one name that it links to.
    pub(crate) linked: String,
    /// The files of both.
    pub(crate) sheets: Vec<String>,
}

/// The page for the way: the sheets of its head within it, so that nothing is waited for before
/// something is seen; one link for those of its body; no comments save `keep`, and no indentation.
pub(crate) fn page(folder: &Path, name: &str, linked_name: &str, keep: &str) -> Page {
    let source = fs::read_to_string(folder.join(name)).unwrap();
    let (head, body) = source.split_once("</head>").unwrap();
    let link = format!("{}{linked_name}{}\n", LINK.0, LINK.1);
    let mut sheets = Vec::new();
    let (head, inline) = without_sheets(folder, head, keep, "", &mut sheets);
    let (body, linked) = without_sheets(folder, body, keep, &link, &mut sheets);
    Page {
        html: format!("{head}<style>{inline}</style>\n</head>\n{body}"),
        inline,
        linked,
        sheets,
    }
}

/// How the page links to a style sheet: what stands before its name, and after.
const LINK: (&str, &str) = ("<link rel=\"stylesheet\" href=\"web/", "\">");

/// A part of the page with `instead` for its links to style sheets, and what these lead to.
fn without_sheets(
    folder: &Path,
    html: &str,
    keep: &str,
    instead: &str,
    sheets: &mut Vec<String>,
) -> (String, String) {
    let mut kept = String::new();
    let mut css = String::new();
    let mut in_comment = false;
    for line in html.lines().map(str::trim) {
        if in_comment || (line.starts_with("<!--") && line != keep) {
            let end = line.find("-->").map(|at| at + "-->".len());
            assert!(
                end.is_none_or(|end| end == line.len()),
                "a comment has its lines for itself: {line}"
            );
            in_comment = end.is_none();
            continue;
        }
        let sheet = line
            .strip_prefix(LINK.0)
            .and_then(|rest| rest.strip_suffix(LINK.1));
        if let Some(name) = sheet {
            if css.is_empty() {
                kept += instead;
            }
            css += &without_comments(&fs::read_to_string(folder.join(name)).unwrap());
            sheets.push(name.to_owned());
        } else if !line.is_empty() {
            kept += line;
            kept.push('\n');
        }
    }
    assert!(
        !css.is_empty() && !in_comment,
        "no sheet, or no end: {html}"
    );
    (kept, css)
}
