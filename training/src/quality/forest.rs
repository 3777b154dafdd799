//! Extremely randomised trees: grown by smartcore, kept in four to six bytes a node.
//!
//! smartcore keeps with each node what only growing needs, several megabytes for a forest of ours, and has no stable file of its own; what
//! it grew is read out once, and asked here.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use smartcore::ensemble::extra_trees_regressor::{ExtraTreesRegressor, ExtraTreesRegressorParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;

/// A feature number that no feature has: it marks a leaf.
const LEAF: u16 = u16::MAX;

/// How trees are grown.
#[derive(Clone, Copy, Debug)]
pub struct Growth {
    /// How many.
    pub trees: usize,
    /// The most splits from root to leaf.
    pub depth: u16,
    /// The fewest examples in a leaf.
    pub leaf: usize,
    /// Features looked at for each split.
    pub looked_at: usize,
    /// Where chance comes from.
    pub seed: u64,
}

/// A forest that answers with the mean of its trees, 0..1.
#[derive(Clone, Debug, PartialEq)]
pub struct Forest {
    trees: Vec<Vec<Node>>,
}

/// A node of a tree; the first child of a split follows it at once.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Node {
    Split { feature: u16, at_most: f32, otherwise: u32 },
    Leaf(f32),
}

/// What is read out of smartcore's forest. Other fields are of no use here.
#[derive(Deserialize)]
struct Grown {
    forest_regressor: GrownForest,
}

#[derive(Deserialize)]
struct GrownForest {
    trees: Vec<GrownTree>,
}

#[derive(Deserialize)]
struct GrownTree {
    nodes: Vec<GrownNode>,
}

#[derive(Deserialize)]
struct GrownNode {
    output: f64,
    split_feature: usize,
    split_value: Option<f64>,
    true_child: Option<usize>,
    false_child: Option<usize>,
}

impl Forest {
    /// Grows a forest from rows of features, the answer to each, 0..1, and how much each counts. The same input gives the same forest.
    ///
    /// # Errors
    /// When rows, answers and weights are not equally many, or there are none.
    pub fn grow(rows: &[&[f32]], answers: &[f64], weights: &[f64], growth: Growth) -> Result<Self> {
        ensure!(
            !rows.is_empty() && rows.len() == answers.len() && rows.len() == weights.len(),
            "every row needs an answer and a weight"
        );
        let width = rows[0].len();
        let flat: Vec<f32> = rows.iter().flat_map(|row| row.iter().copied()).collect();
        let matrix = DenseMatrix::new(rows.len(), width, flat, false).map_err(|error| anyhow::anyhow!("{error}"))?;
        let parameters = ExtraTreesRegressorParameters::default()
            .with_n_trees(growth.trees)
            .with_max_depth(growth.depth)
            .with_min_samples_leaf(growth.leaf)
            .with_m(growth.looked_at)
            .with_seed(growth.seed);
        let grown = ExtraTreesRegressor::fit_with_weights(&matrix, &answers.to_vec(), weights, parameters)
            .map_err(|error| anyhow::anyhow!("no forest grew: {error}"))?;
        let grown: Grown =
            serde_json::from_value(serde_json::to_value(&grown)?).context("smartcore keeps its trees otherwise than expected")?;
        Ok(Self { trees: grown.forest_regressor.trees.iter().map(|tree| in_order(&tree.nodes)).collect() })
    }

    /// The mean answer of all trees.
    pub fn answer(&self, features: &[f32]) -> f64 {
        let walk = |tree: &Vec<Node>| {
            let mut place = 0;
            loop {
                match tree[place] {
                    Node::Leaf(value) => return f64::from(value),
                    Node::Split { feature, at_most, otherwise } => {
                        place = if features[usize::from(feature)] <= at_most { place + 1 } else { otherwise as usize };
                    }
                }
            }
        };
        self.trees.iter().map(walk).sum::<f64>() / self.trees.len() as f64
    }

    /// Appends the forest as bytes, little endian: the number of trees (u32), then each tree's nodes with first children first, a split as
    /// feature (u16) and threshold (f32), a leaf as 65535 (u16) and its answer in steps of 1/65535 (u16).
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend((self.trees.len() as u32).to_le_bytes());
        for node in self.trees.iter().flatten() {
            match node {
                Node::Split { feature, at_most, .. } => {
                    bytes.extend(feature.to_le_bytes());
                    bytes.extend(at_most.to_le_bytes());
                }
                Node::Leaf(value) => {
                    bytes.extend(LEAF.to_le_bytes());
                    bytes.extend(((value * 65_535.0).round() as u16).to_le_bytes());
                }
            }
        }
    }

    /// Reads what [`Forest::write`] wrote and takes it off the front of `bytes`; `width` is the number of features a row has.
    ///
    /// # Errors
    /// When the bytes end early or name a feature that no row has.
    pub fn read(bytes: &mut &[u8], width: usize) -> Result<Self> {
        let count = u32::from_le_bytes(take(bytes)?);
        ensure!((1..=10_000).contains(&count), "a forest of {count} trees is none");
        let mut trees = Vec::new();
        for _ in 0..count {
            let mut tree = Vec::new();
            read_node(bytes, width, &mut tree, 0)?;
            trees.push(tree);
        }
        Ok(Self { trees })
    }
}

/// Deeper than any tree that is grown.
const DEEPEST: usize = 64;

fn read_node(bytes: &mut &[u8], width: usize, tree: &mut Vec<Node>, depth: usize) -> Result<()> {
    let feature = u16::from_le_bytes(take(bytes)?);
    if feature == LEAF {
        tree.push(Node::Leaf(f32::from(u16::from_le_bytes(take(bytes)?)) / 65_535.0));
        return Ok(());
    }
    if usize::from(feature) >= width || depth == DEEPEST {
        bail!("a split asks for feature {feature} of {width} at depth {depth}");
    }
    let at_most = f32::from_le_bytes(take(bytes)?);
    let place = tree.len();
    tree.push(Node::Leaf(0.0));
    read_node(bytes, width, tree, depth + 1)?;
    tree[place] = Node::Split { feature, at_most, otherwise: tree.len() as u32 };
    read_node(bytes, width, tree, depth + 1)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk().context("the file ends inside a forest")?;
    *bytes = rest;
    Ok(*first)
}

/// A tree with first children first.
fn in_order(grown: &[GrownNode]) -> Vec<Node> {
    let mut tree = Vec::new();
    append(grown, 0, &mut tree);
    tree
}

fn append(grown: &[GrownNode], place: usize, tree: &mut Vec<Node>) {
    let node = &grown[place];
    let (Some(at_most), Some(first), Some(second)) = (node.split_value, node.true_child, node.false_child) else {
        tree.push(Node::Leaf(((node.output.clamp(0.0, 1.0) * 65_535.0).round() / 65_535.0) as f32));
        return;
    };
    let mine = tree.len();
    tree.push(Node::Leaf(0.0));
    append(grown, first, tree);
    tree[mine] = Node::Split { feature: node.split_feature as u16, at_most: at_most as f32, otherwise: tree.len() as u32 };
    append(grown, second, tree);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::dice::Dice;

    /// Rows of ten numbers; good where the third is above a half and the fifth below.
    fn toy(count: usize, seed: u64) -> (Vec<Vec<f32>>, Vec<f64>) {
        let mut dice = Dice::new(seed, "toy");
        let rows: Vec<Vec<f32>> = (0..count).map(|_| (0..10).map(|_| dice.between(0.0, 1.0) as f32).collect()).collect();
        let answers = rows.iter().map(|row| f64::from(u8::from(row[2] > 0.5 && row[4] < 0.5))).collect();
        (rows, answers)
    }

    fn grown(seed: u64) -> Forest {
        let (rows, answers) = toy(800, 1);
        let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        let growth = Growth { trees: 30, depth: 8, leaf: 3, looked_at: 4, seed };
        Forest::grow(&rows, &answers, &vec![1.0; rows.len()], growth).expect("a toy forest grows")
    }

    #[test]
    fn a_forest_learns_a_rule_it_was_not_told() {
        let forest = grown(5);
        let (rows, answers) = toy(400, 2);
        let right = rows.iter().zip(&answers).filter(|(row, answer)| (forest.answer(row) > 0.5) == (**answer > 0.5)).count();
        assert!(right > 360, "{right} of 400 unseen rows are told right");
    }

    #[test]
    fn a_forest_is_told_by_its_seed() {
        assert_eq!(grown(5), grown(5));
        assert_ne!(grown(5), grown(6));
    }

    #[test]
    fn a_forest_comes_back_from_its_bytes() {
        let forest = grown(5);
        let mut bytes = Vec::new();
        forest.write(&mut bytes);
        bytes.push(7);
        let mut rest = bytes.as_slice();
        assert_eq!(Forest::read(&mut rest, 10).expect("what was written"), forest);
        assert_eq!(rest, [7]);
        assert!(Forest::read(&mut &bytes[..100], 10).is_err());
        let error = Forest::read(&mut bytes.as_slice(), 2).expect_err("rows of two").to_string();
        assert!(error.contains("of 2"), "{error}");
    }

    #[test]
    fn what_is_kept_answers_as_what_was_grown() {
        let (rows, answers) = toy(300, 3);
        let flat: Vec<Vec<f32>> = rows.clone();
        let matrix = DenseMatrix::from_2d_vec(&flat).expect("a matrix");
        let parameters = ExtraTreesRegressorParameters::default().with_n_trees(10).with_max_depth(6).with_m(4).with_seed(9);
        let parameters = parameters.with_min_samples_leaf(2);
        let grown = ExtraTreesRegressor::fit(&matrix, &answers, parameters).expect("it grows");
        let expected = grown.predict(&matrix).expect("it answers");
        let growth = Growth { trees: 10, depth: 6, leaf: 2, looked_at: 4, seed: 9 };
        let slices: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        let kept = Forest::grow(&slices, &answers, &vec![1.0; rows.len()], growth).expect("it grows");
        for (row, expected) in rows.iter().zip(expected) {
            // Answers are kept in steps of 1/65535.
            assert!((kept.answer(row) - expected).abs() < 1e-4);
        }
    }
}
