//! A SoundFont in parts: presets made of zones that name instruments, instruments made of zones that name samples.
//!
//! After the *SoundFont Technical Specification 2.04*, chapters 5 to 7. Names in its tables are four letters; ours are said beside them.

use anyhow::{Context, Result, ensure};

use super::pcm;
use super::riff::{self, Chunk};

/// A generator's number: the link of a preset's zone to an instrument.
pub const INSTRUMENT: u16 = 41;
/// A generator's number: the link of an instrument's zone to a sample.
pub const SAMPLE: u16 = 53;
/// Numbers of generators that move a sample's start, its end, its loop's start and its loop's end: by points and by 32768 points.
pub const MOVES: [(u16, u16); 4] = [(0, 4), (1, 12), (2, 45), (3, 50)];
/// A generator's number: whether a sample is looped; odd if it is.
pub const LOOPED: u16 = 54;

/// Our own chunk, in place of `smpl`: the count of points, then what [`pcm`] makes of them.
const PACKED: &str = "smpx";

/// What every sample has behind it, in points.
pub const GUARD: usize = 46;

/// A setting: its number and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generator {
    /// Which.
    pub number: u16,
    /// Its value; of links an index.
    pub value: u16,
}

/// Settings for a range of keys and velocities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    /// Settings, the link last.
    pub generators: Vec<Generator>,
    /// Controllers' influence, as stored.
    pub modulators: Vec<[u8; 10]>,
}

impl Zone {
    /// What a zone links to. The first zone of several may link to nothing: it holds what the others share.
    pub fn link(&self, number: u16) -> Option<usize> {
        self.generators.last().filter(|last| last.number == number).map(|last| usize::from(last.value))
    }

    /// The value of a setting, if the zone has it.
    pub fn value(&self, number: u16) -> Option<u16> {
        self.generators.iter().rev().find(|generator| generator.number == number).map(|generator| generator.value)
    }
}

/// A preset or an instrument: a name and zones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The record as stored, of a preset with programme and bank; where its zones stand is told by the writer, and here by zeros.
    pub record: Vec<u8>,
    /// Its zones.
    pub zones: Vec<Zone>,
}

impl Group {
    /// Its name.
    pub fn name(&self) -> String {
        text(&self.record)
    }

    /// A preset's bank and programme.
    pub fn place(&self) -> (u16, u16) {
        (riff::small_number(&self.record[22..]), riff::small_number(&self.record[20..]))
    }
}

/// Where a sample lies and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Name, and with it the 20 bytes it is stored in.
    pub name: [u8; 20],
    /// Start, end, loop's start and loop's end, in points of the sample data.
    pub places: [u32; 4],
    /// Rate, pitch and its correction, as stored.
    pub pitch: [u8; 6],
    /// The other side of a stereo pair.
    pub link: u16,
    /// 1 mono, 2 right, 4 left, 8 linked.
    pub kind: u16,
}

/// A whole SoundFont.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Font {
    /// Name, makers, licence: names of chunks and their bytes.
    pub information: Vec<(String, Vec<u8>)>,
    /// Presets.
    pub presets: Vec<Group>,
    /// Instruments.
    pub instruments: Vec<Group>,
    /// Samples.
    pub samples: Vec<Sample>,
    /// Sample data of 16 bits.
    pub points: Vec<i16>,
}

const PRESET: Table = Table { groups: "phdr", size: 38, place: 24, bags: "pbag", modulators: "pmod", generators: "pgen" };
const INSTRUMENTS: Table = Table { groups: "inst", size: 22, place: 20, bags: "ibag", modulators: "imod", generators: "igen" };
const SAMPLE_SIZE: usize = 46;

/// How presets are stored, or instruments.
struct Table {
    groups: &'static str,
    size: usize,
    /// Where in a record the index of its first zone stands.
    place: usize,
    bags: &'static str,
    modulators: &'static str,
    generators: &'static str,
}

impl Font {
    /// Reads a SoundFont, plain or packed by [`Font::packed`]. Fails when it is damaged, or of another kind.
    pub fn read(file: &[u8]) -> Result<Self> {
        ensure!(file.len() > 12 && file.starts_with(b"RIFF") && &file[8..12] == b"sfbk", "this is no SoundFont");
        let top = riff::chunks(&file[12..])?;
        let information = riff::list(&top, "INFO")?;
        let information = information.iter().map(|chunk| (text(chunk.name), chunk.content.to_vec())).collect();
        let tables = riff::list(&top, "pdta")?;
        let samples = riff::records(&tables, "shdr", SAMPLE_SIZE)?;
        let (_, samples) = samples.split_last().context("the font has no samples")?;
        Ok(Self {
            information,
            presets: PRESET.read(&tables)?,
            instruments: INSTRUMENTS.read(&tables)?,
            samples: samples.iter().map(|record| Sample::read(record)).collect(),
            points: points(&riff::list(&top, "sdta")?)?,
        })
    }

    /// A file that any player of SoundFonts reads.
    pub fn plain(&self) -> Vec<u8> {
        let points: Vec<u8> = self.points.iter().flat_map(|point| point.to_le_bytes()).collect();
        self.file("smpl", &points)
    }

    /// A file of half the size that only [`Font::read`] reads.
    pub fn packed(&self) -> Vec<u8> {
        let mut content = (self.points.len() as u32).to_le_bytes().to_vec();
        content.extend(pcm::pack(&self.points));
        self.file(PACKED, &content)
    }

    fn file(&self, name: &str, points: &[u8]) -> Vec<u8> {
        let mut information = b"INFO".to_vec();
        self.information.iter().for_each(|(name, content)| riff::put(&mut information, name, content));
        let mut sounds = b"sdta".to_vec();
        riff::put(&mut sounds, name, points);
        let mut tables = b"pdta".to_vec();
        PRESET.write(&self.presets, &mut tables);
        INSTRUMENTS.write(&self.instruments, &mut tables);
        let mut samples: Vec<u8> = self.samples.iter().flat_map(Sample::write).collect();
        samples.extend(ending("EOS", SAMPLE_SIZE));
        riff::put(&mut tables, "shdr", &samples);
        let mut body = b"sfbk".to_vec();
        [information, sounds, tables].iter().for_each(|list| riff::put(&mut body, "LIST", list));
        let mut file = Vec::new();
        riff::put(&mut file, "RIFF", &body);
        file
    }
}

fn points(sounds: &[Chunk<'_>]) -> Result<Vec<i16>> {
    if let Ok(packed) = riff::content(sounds, PACKED) {
        ensure!(packed.len() >= 4, "the chunk {PACKED} of the font is damaged");
        return pcm::unpack(&packed[4..], riff::number(packed) as usize);
    }
    let plain = riff::content(sounds, "smpl")?;
    Ok(plain.chunks_exact(2).map(|point| i16::from_le_bytes([point[0], point[1]])).collect())
}

impl Table {
    fn read(&self, tables: &[Chunk<'_>]) -> Result<Vec<Group>> {
        let groups = riff::records(tables, self.groups, self.size)?;
        let bags = riff::records(tables, self.bags, 4)?;
        let modulators = riff::records(tables, self.modulators, 10)?;
        let generators = riff::records(tables, self.generators, 4)?;
        let between = |from: &[u8], to: &[u8]| usize::from(riff::small_number(from))..usize::from(riff::small_number(to));
        let damaged = || format!("the tables {} and {} of the font do not fit", self.groups, self.bags);
        let zone = |bags: &[&[u8]]| -> Result<Zone> {
            let generators = generators.get(between(bags[0], bags[1])).with_context(damaged)?;
            let modulators = modulators.get(between(&bags[0][2..], &bags[1][2..])).with_context(damaged)?;
            let generator =
                |record: &&[u8]| Generator { number: riff::small_number(record), value: riff::small_number(&record[2..]) };
            let modulators = modulators.iter().map(|record| (*record).try_into()).collect::<Result<_, _>>()?;
            Ok(Zone { generators: generators.iter().map(generator).collect(), modulators })
        };
        let group = |pair: &[&[u8]]| -> Result<Group> {
            let range = between(&pair[0][self.place..], &pair[1][self.place..]);
            let bags = bags.get(range.start..=range.end).with_context(damaged)?;
            let mut record = pair[0].to_vec();
            record[self.place..self.place + 2].fill(0);
            Ok(Group { record, zones: bags.windows(2).map(zone).collect::<Result<_>>()? })
        };
        groups.windows(2).map(group).collect()
    }

    fn write(&self, groups: &[Group], into: &mut Vec<u8>) {
        let (mut records, mut bags, mut modulators, mut generators) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let bag = |generators: &[u8], modulators: &[u8]| {
            [((generators.len() / 4) as u16).to_le_bytes(), ((modulators.len() / 10) as u16).to_le_bytes()].concat()
        };
        let with_place = |record: &[u8], bags: &[u8]| {
            let mut record = record.to_vec();
            record[self.place..self.place + 2].copy_from_slice(&((bags.len() / 4) as u16).to_le_bytes());
            record
        };
        for group in groups {
            records.extend(with_place(&group.record, &bags));
            for zone in &group.zones {
                bags.extend(bag(&generators, &modulators));
                zone.modulators.iter().for_each(|modulator| modulators.extend_from_slice(modulator));
                for generator in &zone.generators {
                    generators.extend([generator.number.to_le_bytes(), generator.value.to_le_bytes()].concat());
                }
            }
        }
        records.extend(with_place(&ending(if self.place == 24 { "EOP" } else { "EOI" }, self.size), &bags));
        bags.extend(bag(&generators, &modulators));
        modulators.extend([0; 10]);
        generators.extend([0; 4]);
        let chunks = [(self.groups, records), (self.bags, bags), (self.modulators, modulators), (self.generators, generators)];
        chunks.iter().for_each(|(name, content)| riff::put(into, name, content));
    }
}

impl Sample {
    fn read(record: &[u8]) -> Self {
        let (mut name, mut pitch) = ([0; 20], [0; 6]);
        name.copy_from_slice(&record[..20]);
        pitch.copy_from_slice(&record[36..42]);
        Self {
            name,
            places: [20, 24, 28, 32].map(|at| riff::number(&record[at..])),
            pitch,
            link: riff::small_number(&record[42..]),
            kind: riff::small_number(&record[44..]),
        }
    }

    fn write(&self) -> Vec<u8> {
        let mut record = self.name.to_vec();
        record.extend(self.places.iter().flat_map(|place| place.to_le_bytes()));
        record.extend(self.pitch);
        record.extend([self.link.to_le_bytes(), self.kind.to_le_bytes()].concat());
        record
    }
}

/// The record that ends a table.
fn ending(name: &str, size: usize) -> Vec<u8> {
    let mut record = name.as_bytes().to_vec();
    record.resize(size, 0);
    record
}

/// Bytes up to the first zero as text.
fn text(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(20)];
    String::from_utf8_lossy(bytes.split(|byte| *byte == 0).next().unwrap_or(&[])).into_owned()
}
