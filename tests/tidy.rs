//! The tree keeps its own rules: floors, pure crates, sizes of files, documents that are found.
//!
//! Each rule is a function from what is written to sentences that say what is wrong and what to
//! do. One test puts them all to the tree and shows every sentence at once; the others plant a
//! fault and look that its rule sees it.
#![expect(clippy::unwrap_used, reason = "a test that cannot read the tree has failed")]

#[path = "tidy/documents.rs"]
mod documents;
#[path = "tidy/floors.rs"]
mod floors;
#[path = "tidy/manifests.rs"]
mod manifests;
#[path = "tidy/texts.rs"]
mod texts;
#[path = "tidy/tree.rs"]
mod tree;

use crate::floors::Workspace;
use crate::tree::Tree;

#[test]
fn the_tree_is_tidy() {
    let tree = Tree::read();
    let workspace = Workspace::parse(&tree.metadata());
    let pure = workspace.pure();

    let mut violations = floors::floor_violations(&workspace);
    violations.extend(floors::banned_violations(&tree.dependencies_of(&pure)));
    violations.extend(manifests::violations(&workspace, &tree.files));
    violations.extend(tree.files.iter().flat_map(|(path, text)| texts::violations(path, text)));
    violations.extend(documents::violations(&tree.files));

    let (count, list) = (violations.len(), violations.join("\n  "));
    assert!(violations.is_empty(), "the tree breaks {count} of its own rules:\n  {list}\n");
}
