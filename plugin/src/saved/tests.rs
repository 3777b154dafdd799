use super::*;
use crate::sound::Sound;
use crate::spec::{BarSpec, BarStamp};
use crate::take::Likeness;
use crate::worker::{KeptTake, Recipe, Source};
use turnaround_core::audio::Audio;
use turnaround_core::bars::BarNumber;
use turnaround_core::time::{Beats, Metre, SampleRate, Samples, Tempo};

fn noise(length: usize, seed: u64) -> Audio {
    let mut noise = turnaround_core::noise::GaussianNoise::new(seed);
    let mut channel = || -> Vec<f32> { (0..length).map(|_| noise.next() * 0.2).collect() };
    Audio::stereo(SampleRate::new(48_000).unwrap(), channel(), channel()).unwrap()
}

fn bar(number: i64) -> Bar {
    let anchor = Beats::new(3.5 * (number - 1) as f64);
    let stamp = BarStamp {
        key: BarKey::new(anchor),
        anchor,
        number: BarNumber::new(number),
        metre: "7/8".parse::<Metre>().unwrap(),
        tempo: Tempo::new(133.333).unwrap(),
        revision: Default::default(),
        position: Some(Samples::new(12_345 * number)),
    };
    let mut spec = BarSpec { regenerate: true, ..BarSpec::default() };
    spec.making.actions[3] = 0.1;
    let source = Source::new(&noise(9_000, number as u64), 500, 8_000).unwrap();
    let recipe = Recipe { making: spec.making, source: source.id.clone() };
    let sound = Arc::new(Sound::pack(&noise(8_960, 100 + number as u64)).unwrap());
    let take = KeptTake::new(recipe, "small 1".into(), sound, Likeness { at_start: 0.25, at_end: 0.5 }).unwrap();
    Bar { latched: Some(spec), pinned: Some(spec), source: Some(source), take: Some(take), ..Bar::new(stamp) }
}

fn project(numbers: std::ops::RangeInclusive<i64>) -> BTreeMap<BarKey, Bar> {
    numbers.map(bar).map(|bar| (bar.stamp.key, bar)).collect()
}

fn assert_same(a: &BTreeMap<BarKey, Bar>, b: &BTreeMap<BarKey, Bar>) {
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (a, b) in a.values().zip(b.values()) {
        assert_eq!((a.stamp, a.latched, a.pinned), (b.stamp, b.latched, b.pinned));
        let source =
            |bar: &Bar| bar.source.as_ref().map(|source| (source.id.clone(), source.sound.clone(), source.lead, source.body));
        assert_eq!(source(a), source(b));
        let take =
            |bar: &Bar| bar.take.as_ref().map(|take| (take.recipe.clone(), take.set.clone(), take.sound.clone(), take.likeness));
        assert_eq!(take(a), take(b));
    }
}

#[test]
fn a_project_comes_back_exactly() {
    let saved = SavedProject::default();
    let bars = project(1..=4);
    saved.keep(&bars);
    let text = saved.map(|document| document.to_string());
    let other = SavedProject::default();
    other.set(serde_json::from_str(&text).unwrap());
    // Saved again before anything has read it.
    assert_eq!(other.map(|document| document.to_string()), text);
    let (read, problems) = read(&other.take_loaded().unwrap().document);
    assert_eq!(problems, Vec::<String>::new());
    assert_same(&read, &bars);
}

#[test]
fn an_empty_project_is_no_problem() {
    let (bars, problems) = read(&SavedProject::default().map(Value::clone));
    assert!(bars.is_empty() && problems.is_empty());
    let (bars, problems) = read(&Value::Null);
    assert!(bars.is_empty() && problems.is_empty());
}

#[test]
fn a_damaged_project_loads_what_it_can_and_says_what_it_could_not() {
    let saved = SavedProject::default();
    saved.keep(&project(1..=4));
    let mut document = saved.map(Value::clone);
    document["bars"][0]["metre"] = "four".into();
    document["bars"][1]["take"]["sound"]["flac"] = "AAAA".into();
    document["bars"][2]["source"]["body"] = 1_000_000.into();
    document["bars"][3]["latched"]["regenerate"] = "maybe".into();
    let (bars, problems) = read(&document);
    let numbers: Vec<i64> = bars.values().map(|bar| bar.stamp.number.get()).collect();
    assert_eq!(numbers, [2, 3, 4]);
    let [second, third, fourth] = bars.values().collect::<Vec<_>>()[..] else { panic!() };
    assert!(second.take.is_none() && second.source.is_some());
    assert!(third.source.is_none() && third.take.is_some());
    assert!(fourth.latched.is_none() && fourth.pinned.is_some() && fourth.take.is_some());
    assert_eq!(problems.len(), 4, "{problems:#?}");
    for (problem, words) in
        problems.iter().zip(["bar 1", "Bar 2 was loaded without its take", "Bar 3 was loaded without its dry sound", "Bar 4"])
    {
        assert!(problem.contains(words), "{problem}");
    }
}

#[test]
fn a_newer_or_nameless_form_is_told_and_still_read() {
    let saved = SavedProject::default();
    saved.keep(&project(1..=1));
    for (format, words) in [(Value::from(99), "newer"), (Value::Null, "no form")] {
        let mut document = saved.map(Value::clone);
        document["format"] = format;
        let (bars, problems) = read(&document);
        assert_eq!(bars.len(), 1);
        assert!(problems[0].contains(words), "{problems:?}");
    }
    let (bars, problems) = read(&serde_json::json!("nonsense"));
    assert!(bars.is_empty() && !problems.is_empty());
}

#[test]
fn what_the_host_has_just_set_is_not_overwritten_by_the_worker() {
    let saved = SavedProject::default();
    saved.set(serde_json::json!({"format": 1, "bars": []}));
    saved.keep(&project(1..=2));
    assert_eq!(saved.map(|document| document["bars"].as_array().unwrap().len()), 0);
}
