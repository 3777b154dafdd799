//! Small archives for tests, made up for this purpose: none quotes a real one.

use std::fs;
use std::io::{Cursor, Write};

use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::archive::Archive;

/// The bytes of a zip.
pub fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An open archive of texts.
pub fn archive(name: &str, entries: &[(&str, &str)]) -> Archive {
    let bytes: Vec<(&str, &[u8])> = entries.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    archive_of(name, &bytes)
}

/// An open archive of bytes.
pub fn archive_of(name: &str, entries: &[(&str, &[u8])]) -> Archive {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("{name}.zip"));
    fs::write(&path, zipped(entries)).unwrap();
    Archive::open(&path).unwrap()
}

/// A folder with made-up archives of every kind that is read as text or MIDI.
pub fn folder_of_sources() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, entries: &[(&str, &[u8])]| fs::write(folder.path().join(name), zipped(entries)).unwrap();
    let [meta, beats, notes] = ours::weimar();
    let [meta_name, beats_name, notes_name] = super::weimar::TABLES;
    write(super::WEIMAR.file, &[(meta_name, meta.as_bytes()), (beats_name, beats.as_bytes()), (notes_name, notes.as_bytes())]);
    let files = ours::groove();
    let entries: Vec<(&str, &[u8])> = files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    write(super::GROOVE.file, &entries);
    write(super::IRB.file, &[(super::irb::TABLE, ours::IRB.as_bytes())]);
    let sheet = format!("{}ours.ls", super::improvisor::FOLDER);
    write(super::IMPROVISOR.file, &[(&sheet, ours::SHEET.as_bytes())]);
    folder
}

/// The contents, made up.
pub mod ours {
    use midly::num::{u4, u7, u15, u24, u28};
    use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};

    /// Two tunes, one with an introduction, and a third too short to be taken.
    pub const IRB: &str = "\
chord,duration,section,title,composer,key,date,id,time,compid
C7,4.0,Intro,\"Made Up, for a Test\",Nobody,F-maj,,one,4/4,1
Gmin7,4.0,A,\"Made Up, for a Test\",Nobody,F-maj,,one,4/4,1
C79b,4.0,A,\"Made Up, for a Test\",Nobody,F-maj,,one,4/4,1
Fmaj7,8.0,A,\"Made Up, for a Test\",Nobody,F-maj,,one,4/4,1
Bbmin6,8.0,B,\"Made Up, for a Test\",Nobody,F-maj,,one,4/4,1
Gmin7,2.0,N1,\"Made Up, for a Test\",Nobody,F-maj,,one,4/4,1
C713b,2.0,N1,\"Made Up, for a Test\",Nobody,F-maj,,one,4/4,1
F6,4.0,N1,\"Made Up, for a Test\",Nobody,F-maj,,one,4/4,1
Dmin7,12.0,A,Another,Nobody,C-maj,,two,3/4,2
G7,12.0,B,Another,Nobody,C-maj,,two,3/4,2
C6,4.0,A,Too Short,Nobody,C-maj,,three,4/4,3
";

    /// A chord sheet.
    pub const SHEET: &str = "(title Sheet of Ours)\n(meter 4 4)\n(key 0)\n(part (type chords))\n\
        Dm7 | G7 | CM7 | / | Dm7 | G7b9 | C6 | / |\n(part (type melody))\n c4 d4 e4 f4 | g1 |\n";

    /// Tables of meta data, beats and notes: a solo of 24 bars in Bb at 150 bpm that slows down and halts once, and one without
    /// bars.
    pub fn weimar() -> [String; 3] {
        let meta = "id,avgtempo,performer,title,instrument,key,rhythmfeel,signature,style,recordingyear\n\
            one,150,Nobody,Tune of Ours,ts,Bb-maj,SWING,4/4,BEBOP,1950\n\
            two,150,Nobody,Free of Ours,as,,SWING,,FREE,1960\n";
        let mut beats = "id,onset,duration,period,division,bar,beat,signature,chord,form,chorus_id,bass\n".to_owned();
        let mut notes = "id,melid,event_id,beat_id,bar,beat,tatum,division,period,onset,pitch_raw,articulation_raw,\
            durclass_abs_raw,durclass_rel_raw,ioiclass_abs_raw,phrase_begin,phrase_end,chorus_id,form_name,duration\n"
            .to_owned();
        let chords = ["Bb6", "NC", "C-7", "F79b"];
        let mut onset = 1.0;
        for beat in 0..96 {
            let (bar, number) = (beat / 4, beat % 4 + 1);
            let length = 0.4 + 0.0005 * f64::from(beat);
            let gap = if beat == 47 { 3.0 } else { length };
            let (chord, bass) = (chords[(bar % 4) as usize], [34, 38, 41, 60][(beat % 4) as usize]);
            let form = if bar < 12 { "A1" } else { "B1" };
            beats += &format!("one,{onset},{length},4,2,{bar},{number},'4/4',{chord},{form},1,{bass}\n");
            for (tatum, late) in [(1, 0.02), (2, length * 0.66)] {
                let (pitch, at) = (60 + (beat * 2 + tatum) % 12, onset + late);
                let duration = if beat == 95 && tatum == 2 { String::new() } else { format!("{}", 0.3 * length) };
                notes += &format!("one,1,1,x,{bar},{number},{tatum},2,4,{at},{pitch},0.5,0,0,0,0,0,1,A1,{duration}\n");
            }
            onset += gap;
        }
        for beat in 0..20 {
            beats += &format!("two,{beat},1,1,1,{beat},1,'1/4',NC,A1,1,\n");
        }
        [meta.to_owned(), beats, notes]
    }

    /// Four bars of swing for the train split, and four of funk for the test split.
    pub fn groove() -> Vec<(String, Vec<u8>)> {
        let table = "drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,audio_filename,duration,split\n\
            drummer1,s,1,jazz,150,beat,4-4,drummer1/1.mid,,6.4,train\n\
            drummer2,s,2,funk,100,beat,4-4,drummer2/2.mid,,9.6,test\n";
        let swing: Vec<(f64, u8)> = (0..16)
            .flat_map(|beat| {
                let at = f64::from(beat);
                [(at, 51), (at + 2.0 / 3.0, if beat % 2 == 1 { 51 } else { 22 }), (at, if beat % 4 == 0 { 36 } else { 44 })]
            })
            .collect();
        let funk: Vec<(f64, u8)> =
            (0..32).flat_map(|eighth| [(f64::from(eighth) * 0.5, 42), (f64::from(eighth / 4 * 4), 36)]).collect();
        vec![
            (super::super::groove::TABLE.to_owned(), table.as_bytes().to_vec()),
            ("groove/drummer1/1.mid".to_owned(), midi(swing)),
            ("groove/drummer2/2.mid".to_owned(), midi(funk)),
        ]
    }

    /// A MIDI file of drum hits, times in quarter notes.
    fn midi(mut hits: Vec<(f64, u8)>) -> Vec<u8> {
        hits.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut events =
            vec![TrackEvent { delta: u28::new(0), kind: TrackEventKind::Meta(MetaMessage::Tempo(u24::new(400_000))) }];
        let mut now = 0;
        for (at, key) in hits {
            let tick = (at * 480.0).round() as u32;
            let message = MidiMessage::NoteOn { key: u7::new(key), vel: u7::new(90) };
            events.push(TrackEvent { delta: u28::new(tick - now), kind: TrackEventKind::Midi { channel: u4::new(9), message } });
            now = tick;
        }
        events.push(TrackEvent { delta: u28::new(0), kind: TrackEventKind::Meta(MetaMessage::EndOfTrack) });
        let header = Header::new(Format::SingleTrack, Timing::Metrical(u15::new(480)));
        let mut bytes = Vec::new();
        Smf { header, tracks: vec![events] }.write_std(&mut bytes).unwrap();
        bytes
    }
}
