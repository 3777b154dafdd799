//! What phrases are read as, by the sentence that each rule is for.

use super::*;

/// The change a phrase wishes for, descriptor by descriptor in the order of tables, the strength in halves and quarters where it has any.
fn told(phrase: &str) -> String {
    let wish = read(phrase).unwrap_or_else(|error| panic!("{error}"));
    let words: Vec<String> = wish.wanted.iter().map(|(descriptor, change)| format!("{descriptor} {change:+}")).collect();
    words.join(", ")
}

fn read_as(table: &[(&str, &str)]) {
    for (phrase, expected) in table {
        assert_eq!(told(phrase), *expected, "{phrase:?}");
    }
}

#[test]
fn an_adjective_alone_speaks_of_everything() {
    read_as(&[
        ("busier", "density +1"),
        ("Brighter!", "brightness +1"),
        ("darkness", "brightness -1"),
        ("punchy", "punch +1"),
        ("crescendo", "swell +1"),
        ("it should fade out", "swell -1"),
        ("off-beat", "syncopation +1"),
        ("on the beat", "syncopation -1"),
        ("higher", "register +1"),
        ("staccato", "sustain -1"),
    ]);
}

#[test]
fn a_source_narrows_what_an_adjective_means() {
    read_as(&[
        ("busier bass", "bass density +1"),
        ("busier cymbals", "top density +1"),
        ("busier ride", "top density +1"),
        ("busier hats", "top density +1"),
        ("busier drums", "density +1, top density +1, punch +1"),
        ("louder bass", "bass +1"),
        ("heavy bass", "bass +1"),
        ("walking bass", "bass density +1"),
        ("the bass drum", "bass +1, punch +1"),
        ("fuller chords", "richness +1"),
        ("fuller", "middle +1"),
        ("simpler piano", "richness -1"),
        ("darker piano", "brightness -1"),
    ]);
}

#[test]
fn degrees_weaken_and_strengthen() {
    read_as(&[
        ("slightly darker", "brightness -0.5"),
        ("a bit louder", "loudness +0.5"),
        ("somewhat busier", "density +0.75"),
        ("much busier", "density +1.5"),
        ("extremely loud", "loudness +2"),
        ("turn the bass up a little", "bass +0.5"),
        ("busier drums much brighter", "brightness +1.5, density +1, top density +1, punch +1"),
    ]);
}

#[test]
fn what_is_not_wanted_is_turned_round() {
    read_as(&[
        ("less busy", "density -1"),
        ("not so bright", "brightness -1"),
        ("don't make it louder", "loudness -1"),
        ("too loud", "loudness -1"),
        ("not too loud", "loudness -1"),
        ("not loud enough", "loudness +1"),
        ("fewer notes", "density -1"),
        ("fewer notes in the bass", "bass density -1"),
        ("turn down the bass", "bass -1"),
        ("turn the bass down", "bass -1"),
        ("cut the highs", "top -1"),
        ("lower the volume", "loudness -1"),
        ("more space", "density -1"),
        ("more space in the bass", "bass density -1"),
        ("neither loud nor harsh", "loudness -1, brightness -1, noisiness -1"),
    ]);
}

#[test]
fn whoever_is_left_out_has_neither_level_nor_notes() {
    read_as(&[
        ("without the bass", "bass -1.5, bass density -1.5"),
        ("no cymbals", "top -1.5, top density -1.5"),
        ("no noise", "noisiness -1.5"),
        ("take the bass out", "bass -1.5, bass density -1.5"),
        ("without harsh cymbals", "brightness -1, noisiness -1"),
    ]);
}

#[test]
fn several_wishes_stand_side_by_side() {
    read_as(&[
        ("busier drums, darker", "brightness -1, density +1, top density +1, punch +1"),
        ("darker but louder", "loudness +1, brightness -1"),
        ("louder bass softer cymbals", "bass +1, top -1"),
        ("bass up drums down", "loudness -1, bass +1, punch -1"),
        ("brighter with less bass", "brightness +1, bass -1"),
        ("drums without cymbals", "top -1.5, density +1, top density -1.5, punch +1"),
    ]);
}

#[test]
fn a_wish_leans_on_its_neighbour_for_what_it_lacks() {
    read_as(&[
        ("less bass and cymbals", "bass -1, top -1, top density -1"),
        ("busier bass and cymbals", "bass density +1, top density +1"),
        ("louder and busier bass", "bass +1, bass density +1"),
        ("make the bass louder and busier", "bass +1, bass density +1"),
        ("not so loud and busy", "loudness -1, density -1"),
        ("less loud and busier", "loudness -1, density +1"),
        ("darker with cymbals", "brightness -1, top +1, top density +1"),
    ]);
}

#[test]
fn a_level_that_moves_is_a_swell() {
    read_as(&[
        ("gradually louder", "swell +1"),
        ("quieter towards the end", "swell -1"),
        ("louder at the start", "swell -1"),
        ("getting louder", "swell +1"),
        ("gradually brighter", "brightness +1"),
    ]);
}

#[test]
fn of_a_contradiction_the_narrower_wish_holds_and_what_is_said_twice_counts_once() {
    read_as(&[
        ("busier drums but calmer cymbals", "density +1, top density -1, punch +1"),
        ("calmer cymbals, busier drums", "density +1, top density -1, punch +1"),
        ("darker, much darker, darker", "brightness -1.5"),
        ("louder, quieter", "loudness -1"),
    ]);
}

#[test]
fn adjectives_and_nouns_share_the_work() {
    read_as(&[
        ("higher volume", "loudness +1"),
        ("stronger attack", "punch +1"),
        ("long notes", "sustain +1"),
        ("low notes", "register -1"),
        ("hit the drums harder", "loudness +1, punch +1"),
        ("more movement in the bass", "bass density +1"),
        ("low energy", "loudness -1, density -1"),
    ]);
}

#[test]
fn what_is_to_stay_is_no_wish() {
    assert_eq!(told("keep the bass but busier cymbals"), "top density +1");
    assert_eq!(told("keep it calm"), "loudness -0.5, density -1");
    assert!(read("keep the bass").is_err());
}

#[test]
fn words_without_a_meaning_are_handed_back_as_they_were_written() {
    let wish = read("busier drums, Lydian, darker with Banjo").unwrap();
    assert_eq!(wish.not_understood, ["Lydian", "Banjo"]);
    assert_eq!(wish.words, "busier drums, Lydian, darker with Banjo");
    assert_eq!(wish.wanted, read("busier drums, darker").unwrap().wanted);
}

#[test]
fn a_sentence_that_wishes_for_nothing_is_refused_with_examples() {
    for nothing in ["", "lydian", "not", "more", "the, and, but", "please", ",,,", "a lot", "🎷", "keep"] {
        let sentence = read(nothing).unwrap_err().to_string();
        assert!(sentence.contains("say for instance \"busier drums\"") && !sentence.contains('\n'), "{sentence}");
        assert!(sentence.contains(&format!("{nothing:?}")), "{sentence}");
    }
}

#[test]
fn the_examples_of_the_refusal_are_understood() {
    let sentence = read("").unwrap_err().to_string();
    let examples: Vec<&str> = sentence.split('"').skip(3).step_by(2).collect();
    assert_eq!(examples.len(), 5);
    for example in examples {
        assert_eq!(read(example).unwrap().not_understood, Vec::<String>::new(), "{example}");
    }
}
