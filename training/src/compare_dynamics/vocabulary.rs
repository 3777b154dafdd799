//! In which vectors a way to build the dynamics is told of actions: the knobs' own, these through a map, a richer table's, or those of codes.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use burn::module::Module;

use super::Request;
use super::preset::{DynamicsPreset, MapFit, Told};
use crate::corpus::Split;
use crate::networks::action_map::ActionMap;
use crate::networks::instruments::told_width;
use crate::train::action_map::{self, Pairs};
use crate::train::codes::counted;
use crate::train::map_report::{self, MapReport};
use crate::train::run::{RunOptions, Trained};
use crate::train::told::ActionVectors;

/// The vectors that one way is told.
pub struct Vocabulary {
    /// Of every unit.
    pub vectors: ActionVectors,
    /// Of every entry of the knobs' table alone, `[action][width]`; none where no knob is told.
    pub singles: Option<Vec<Vec<f32>>>,
    /// What the map came to, where there is one.
    pub map: Option<MapRow>,
    /// Whether vectors are of codes, of which a bar may be told fewer.
    is_coded: bool,
}

/// The vectors that bars are made under.
pub struct Telling {
    /// What is said of it after the way's name: nothing, or how many codes.
    pub name: String,
    /// Of every unit.
    pub vectors: ActionVectors,
}

/// What became of a map.
#[derive(Clone)]
pub struct MapRow {
    /// Weights.
    pub parameters: usize,
    /// Steps taken.
    pub steps: u64,
    /// What it finds on the validation split.
    pub report: MapReport,
    /// How far single actions are from the nearest other, before and after, as [`map_report::apart`] counts.
    pub apart: [f64; 2],
}

impl Vocabulary {
    /// What `preset` is told. A map is fitted first, in the way's own `folder`, if it has not been.
    pub fn of(preset: &DynamicsPreset, request: &Request, folder: &Path) -> Result<Self> {
        let from = &request.inferred.vectors;
        let vocabulary = match (preset.told, &preset.map) {
            (Told::Table, _) => Self { vectors: from.clone(), singles: Some(singles(request, None)), map: None, is_coded: false },
            (Told::Richer, _) => Self { vectors: richer(preset, request)?.clone(), singles: None, map: None, is_coded: false },
            (Told::Codes, _) => Self { vectors: codes(preset, request)?.clone(), singles: None, map: None, is_coded: true },
            (Told::Mapped, fit) => {
                let fit = fit.as_ref().with_context(|| format!("way {} has no [map]", preset.name))?;
                mapped(fit, from, richer(preset, request)?, preset.seed, request, folder)?
            }
        };
        let width = vocabulary.vectors.width() + told_width(preset.network.instruments);
        let wanted = preset.network.action_width;
        ensure!(width == wanted, "way {} reads actions of width {wanted}, and those it is told have {width}", preset.name);
        Ok(vocabulary)
    }

    /// What bars are made under, one after the other: all that is known of their actions; of codes, one, two and so on.
    pub fn tellings(&self) -> Vec<Telling> {
        if !self.is_coded {
            return vec![Telling { name: String::new(), vectors: self.vectors.clone() }];
        }
        let of = |kept: usize| Telling { name: format!(", {}", counted(kept)), vectors: self.vectors.only(kept) };
        (1..=self.vectors.most()).map(of).collect()
    }
}

fn codes<'a>(preset: &DynamicsPreset, request: &Request<'a>) -> Result<&'a ActionVectors> {
    let name = &preset.name;
    request.codes.with_context(|| format!("way {name} is told of codes: name the folder of a model of codes with --codes"))
}

fn richer<'a>(preset: &DynamicsPreset, request: &Request<'a>) -> Result<&'a ActionVectors> {
    let name = &preset.name;
    request.richer.with_context(|| format!("way {name} is told of a richer table: name the folder of one with --richer"))
}

fn singles(request: &Request, map: Option<&ActionMap>) -> Vec<Vec<f32>> {
    map_report::singles(&request.actions.table, map, request.action_config.actions, &request.device)
}

fn mapped(
    fit: &MapFit,
    from: &ActionVectors,
    to: &ActionVectors,
    seed: u64,
    request: &Request,
    folder: &Path,
) -> Result<Vocabulary> {
    let options = RunOptions {
        folder: folder.join("map"),
        stage: "map",
        seed,
        minutes: None,
        checkpoint_seconds: 60.0,
        device: request.device.clone(),
    };
    let (learned, held_out) = (request.slots.units(Split::Train), request.slots.units(Split::Validation));
    ensure!(!held_out.is_empty(), "no unit is held out for validation: build a longer corpus");
    let pairs = Pairs { from, to };
    let Trained { model, state } = action_map::train(&fit.network, &fit.schedule, pairs, &learned, &options)?;
    let alone = singles(request, Some(&model));
    let row = MapRow {
        parameters: model.num_params(),
        steps: state.step,
        report: map_report::explained(&model, pairs, &learned, &held_out, &request.device),
        apart: [map_report::apart(&singles(request, None)), map_report::apart(&alone)],
    };
    let vectors = from.mapped(&model, &request.device);
    Ok(Vocabulary { vectors, singles: Some(alone), map: Some(row), is_coded: false })
}

/// One row a map.
pub fn table(maps: &[(&str, &MapRow)]) -> String {
    let mut text = String::from(
        "| map of | weights | steps | variance found: map ↑ | linear | identity | held-out bars | nearest single action: table | mapped |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for (name, MapRow { parameters, steps, report, apart }) in maps {
        writeln!(
            text,
            "| {name} | {:.2} M | {steps} | {} | {} | {} | {} | {:.2} | {:.2} |",
            *parameters as f64 / 1e6,
            report.map.rounded(3),
            report.linear.rounded(3),
            report.identity.rounded(3),
            report.bars,
            apart[0],
            apart[1],
        )
        .expect("text takes whatever is written");
    }
    text
}
