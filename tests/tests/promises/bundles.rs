//! What the bundler lays down is what the plugin finds, wherever the bundle is copied.

use std::fs;
use std::path::{Path, PathBuf};

use turnaround::resources::Places;
use xtask::bundles::{self, Bundle, Format, Parts};

/// The file that a host or a shell opens.
fn opened(bundle: &Bundle, folder: &Path) -> PathBuf {
    let last = folder.join(bundle.items.last().expect("a bundle is not empty"));
    match bundle.format {
        Format::Vst3 => last.join(format!("Contents/{}-linux/{}.so", std::env::consts::ARCH, bundles::NAME)),
        Format::Clap | Format::Standalone => last,
    }
}

#[test]
fn a_bundle_copied_anywhere_serves_its_own_models_and_its_own_runtime() {
    let top = tempfile::tempdir().unwrap();
    let built = |name: &str| {
        let file = top.path().join(name);
        fs::write(&file, name).unwrap();
        file
    };
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/small");
    let parts = Parts {
        library: built("libturnaround.so"),
        standalone: Some(built("turnaround-standalone")),
        models: models.clone(),
        onnx_runtime: vec![built("libonnxruntime.so.1.2.3")],
        licences: vec![("LICENSE-MIT".into(), built("LICENSE-MIT"))],
    };
    let from = top.path().join("bundled");
    for (number, bundle) in bundles::write(&parts, &from).unwrap().iter().enumerate() {
        let to = top.path().join(format!("elsewhere {number}"));
        bundles::copy(bundle, &from, &to).unwrap();
        let file = opened(bundle, &to);
        assert!(file.is_file(), "{}", file.display());
        let places = Places::of(&[file], None);
        let (set, libraries) = (&places.sets[0], &places.libraries[0]);
        assert!(set.starts_with(&to) && libraries.starts_with(&to), "{places:?}");
        for name in ["manifest.json", "CARD.md"] {
            assert_eq!(fs::read(set.join(name)).unwrap(), fs::read(models.join(name)).unwrap(), "{:?}: {name}", bundle.format);
        }
        let candidate = &turnaround_engine::runtime::candidates(std::slice::from_ref(libraries))[0];
        assert_eq!(candidate.library, Ok(libraries.join("libonnxruntime.so.1.2.3")), "{:?}", bundle.format);
    }
}
