use std::collections::BTreeMap;

use turnaround_core::descriptors::Descriptor;

use super::*;
use crate::evaluate::hand_made;

/// A trial whose mean effect is given, equally steady everywhere.
fn trial(changes: &[(Descriptor, f32)], consistency: f32) -> Trial {
    let given: BTreeMap<Descriptor, f32> = changes.iter().copied().collect();
    let effect: Effect = Descriptor::ALL.into_iter().map(|d| (d, given.get(&d).copied().unwrap_or(0.0))).collect();
    Trial {
        steadiness: Descriptor::ALL.into_iter().map(|d| (d, consistency)).collect(),
        effect,
        consistency,
        halves: None,
        separability: 0.5,
        specificity: 0.5,
        strangeness: 1.0,
        most_gain_db: 1.0,
    }
}

/// Louder, brighter, busier, and again louder.
fn four() -> Vec<Trial> {
    vec![
        trial(&[(Descriptor::Loudness, 2.0)], 0.9),
        trial(&[(Descriptor::Brightness, 1.0), (Descriptor::Top, 0.5)], 0.8),
        trial(&[(Descriptor::Density, -1.0)], 0.7),
        trial(&[(Descriptor::Loudness, 1.9)], 0.9),
    ]
}

fn chosen(trials: &[Trial], most: usize, choices: &Choices) -> Vec<usize> {
    shortlist::choose(trials, &vec![1.25; trials.len()], 5, most, choices)
}

#[test]
fn of_two_knobs_that_do_the_same_one_is_chosen() {
    assert_eq!(chosen(&four(), 24, &Choices::default()), [0, 1, 2]);
    assert_eq!(chosen(&four(), 2, &Choices::default()), [0, 1]);
}

#[test]
fn what_does_not_do_the_same_everywhere_or_sounds_like_nothing_real_is_not_chosen() {
    let mut trials = four();
    trials[0].consistency = 0.59;
    trials[1].strangeness = 2.1;
    let mut fit = chosen(&trials, 24, &Choices::default());
    fit.sort_unstable();
    assert_eq!(fit, [2, 3]);
    trials[2].halves = Some([0.8, 0.59]);
    assert_eq!(chosen(&trials, 24, &Choices::default()), [3], "by chance, in one half");
    let rare = shortlist::choose(&four(), &[0.1, 1.0, 1.0, 7.0], 5, 24, &Choices::default());
    assert_eq!(rare, [1, 2], "0 is hardly ever used and 3 nearly always");
}

#[test]
fn a_veto_and_a_wish_count_more_than_measures() {
    let choices = Choices { veto: vec![0], keep: vec![2], ..Choices::default() };
    assert_eq!(chosen(&four(), 24, &choices), [2, 3, 1]);
}

#[test]
fn knobs_are_called_by_what_they_change_most_and_no_two_alike() {
    let mut trials = four();
    trials.push(trial(&[(Descriptor::Brightness, 1.0), (Descriptor::Top, 0.5), (Descriptor::Density, 0.21)], 0.8));
    trials.push(trial(&[(Descriptor::Loudness, 0.1)], 0.9));
    trials.push(trial(&[(Descriptor::Loudness, 3.0)], 0.3));
    let choices = Choices { names: BTreeMap::from([(2, "sit out".to_owned())]), ..Choices::default() };
    let labels = names::labels(&trials, &[3], &choices);
    let expected =
        ["louder (0)", "brighter and more top", "sit out", "louder", "brighter and more top and busier", "action 5", "action 6"];
    assert_eq!(labels, expected);
}

#[test]
fn the_same_words_in_another_order_are_no_other_name() {
    let both = |loudness, density| trial(&[(Descriptor::Loudness, loudness), (Descriptor::Density, density)], 0.9);
    let trials = [both(2.0, 1.0), both(1.0, 2.0), both(-2.0, -2.0)];
    let labels = names::labels(&trials, &[], &Choices::default());
    assert_eq!(labels, ["louder and busier", "busier and louder (1)", "softer and sparser"]);
}

#[test]
fn what_all_actions_do_names_none_of_them() {
    let plainer = |descriptor, change| trial(&[(Descriptor::Richness, -2.0), (descriptor, change)], 0.9);
    let trials = [plainer(Descriptor::Loudness, 1.0), plainer(Descriptor::Density, 1.0), plainer(Descriptor::Top, -1.0)];
    assert_eq!(names::labels(&trials, &[], &Choices::default()), ["louder", "busier", "less top"]);
}

#[test]
fn a_trial_tells_what_its_changes_have_in_common() {
    let change =
        |loudness: f32, density: f32| trial(&[(Descriptor::Loudness, loudness), (Descriptor::Density, density)], 1.0).effect;
    let trial = Trial::new(&[change(3.0, 1.0), change(3.0, -1.0)], 0.5, 1.2, 4.0);
    assert_eq!((trial.effect[&Descriptor::Loudness], trial.effect[&Descriptor::Density]), (3.0, 0.0));
    assert_eq!((trial.steadiness[&Descriptor::Loudness], trial.steadiness[&Descriptor::Density]), (1.0, 0.0));
    assert!((trial.consistency - 0.9_f32.sqrt()).abs() < 1e-6);
    assert_eq!(trial.specificity, 1.0);
}

#[test]
fn choices_are_read_as_the_page_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("choices.json");
    fs::write(&path, "{\n  \"veto\": [3],\n  \"keep\": [],\n  \"names\": {\n    \"12\": \"walks\"\n  }\n}\n").unwrap();
    let choices = Choices::read(&path).unwrap();
    assert_eq!((choices.veto, choices.names[&12].as_str()), (vec![3], "walks"));
    fs::write(&path, "{\"vetos\": []}").unwrap();
    assert!(format!("{:#}", Choices::read(&path).unwrap_err()).contains("unknown field"));
}

/// A copy of the tiny set that may be written to.
fn tiny(folder: &Path) -> PathBuf {
    let (from, to) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny"), folder.join("tiny"));
    fs::create_dir(&to).unwrap();
    for file in fs::read_dir(from).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
        fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
    to
}

#[test]
fn a_set_is_curated_once_and_decisions_need_no_second_measure() {
    let folder = tempfile::tempdir().unwrap();
    let (set, corpus) = (tiny(folder.path()), hand_made::corpus(folder.path(), Split::Validation));
    let page = folder.path().join("page");
    let request = Request {
        set: &set,
        corpus: &corpus,
        contexts: 6,
        knobs: 8,
        seed: 1,
        choices: Choices { keep: vec![3], ..Choices::default() },
        page: Some(page.clone()),
    };
    let (manifest, curation) = run(&request).unwrap();
    assert_eq!((curation.actions.len(), curation.contexts), (manifest.sizes.actions, 6));
    assert!(manifest.actions.iter().all(|action| action.measured.is_some()));
    assert!(manifest.actions[3].measured.as_ref().unwrap().is_shortlisted);
    assert!(curation.actions.iter().any(|trial| effects::length(&trial.effect) > 0.0), "some action does something");
    assert_eq!(Manifest::parse(&fs::read_to_string(set.join(MANIFEST_FILE)).unwrap()).unwrap(), manifest);
    assert!(fs::read_to_string(set.join("CARD.md")).unwrap().contains("## Knobs"));
    let written = fs::read_to_string(page.join("index.html")).unwrap();
    assert!(written.contains("data-knob=\"3\"") && page.join("knob-3-1.wav").exists());

    // A figure that nobody could measure shows whether it was measured again.
    let (mut kept, first) = (curation.clone(), curation);
    kept.actions[3].consistency = 0.123;
    fs::write(set.join(FILE), serde_json::to_string(&kept).unwrap()).unwrap();
    let choices = Choices { veto: vec![3], names: BTreeMap::from([(3, "sits out".to_owned())]), ..Choices::default() };
    let (decided, curation) = run(&Request { choices, page: None, ..request }).unwrap();
    assert_eq!(curation, kept);
    assert_eq!(decided.actions[3].label, "sits out");
    assert!(!decided.actions[3].measured.as_ref().unwrap().is_shortlisted);

    // What was measured of bars made in another way is measured again.
    kept.settings = String::new();
    fs::write(set.join(FILE), serde_json::to_string(&kept).unwrap()).unwrap();
    let (_, again) = run(&Request { choices: Choices::default(), page: None, ..request }).unwrap();
    assert_eq!(again, first);
}
