#!/usr/bin/env bash
# Renders a corpus and trains on it, on a machine without network: run it in the folder that `cargo xtask pack` made. Each step goes on
# where it stopped, so call it again after an interruption. docs/guide/gpu.md explains.
set -euo pipefail

usage() {
    cat <<'END'
usage: ./run.sh [--hours 40] [--minutes M] [--preset small] [--start DIR] [--device torch-cuda] [--seed 1]
                [--threads 0] [--work work] [--out out] [--only render|train|collect]

  --hours    hours of audio in the corpus
  --minutes  minutes of training, all stages together; else the preset's steps
  --preset   tiny, small, cpu, or a TOML file
  --start    run to start from, as `turnaround-training start` writes it from a model set; else `start` beside this script, if it is there
  --device   torch-cuda, torch or flex
  --seed     seed of every piece
  --threads  threads that render; 0 for one per core
  --work     folder for corpus and run
  --out      folder for what is to be carried home
  --only     one step instead of all

To rehearse without a GPU: ./run.sh --device torch --hours 0.1 --minutes 0.2 --preset tiny
END
}

hours=40 minutes='' preset=small start='' device=torch-cuda seed=1 threads=0 work=work out=out only=''
while [ $# -gt 0 ]; do
    case $1 in
        --help | -h) usage && exit 0 ;;
        --hours | --minutes | --preset | --start | --device | --seed | --threads | --work | --out | --only)
            [ $# -gt 1 ] || { echo "run.sh: $1 needs a value" >&2; exit 2; }
            printf -v "${1#--}" %s "$2"
            shift 2 ;;
        *) echo "run.sh: $1 is not understood" >&2; usage >&2; exit 2 ;;
    esac
done
case $only in '' | render | train | collect) ;; *) echo "run.sh: there is no step $only" >&2; exit 2 ;; esac

here=$(cd "$(dirname "$0")" && pwd)
program=$here/turnaround-training
say() { printf '\n== %s (%s)\n' "$*" "$(date +%T)" >&2; }
fail() { echo "run.sh: $*" >&2; exit 1; }
wanted() { [ -z "$only" ] || [ "$only" = "$1" ]; }
[ -x "$program" ] || fail "there is no program $program"
mkdir -p "$work" "$out"

# PyTorch's libraries as Python has them: the program was linked against the same release.
find_libraries() {
    local found
    found=$("${PYTHON:-python3}" - <<'END'
import pathlib, torch
site = pathlib.Path(torch.__file__).parents[1]
folders = [site / "torch" / "lib", *sorted(site.glob("nvidia/*/lib"))]
print(torch.__version__, ":".join(str(folder) for folder in folders if folder.is_dir()))
END
    ) || fail "${PYTHON:-python3} has no PyTorch (PYTHON names another)"
    say "PyTorch ${found%% *}"
    export LD_LIBRARY_PATH=${found#* }${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    # A linker that saw no call into it may have left this library out; PyTorch then knows no GPU.
    cuda=${found#* } && cuda=${cuda%%:*}/libtorch_cuda.so
}

# The one font of the folder, unpacked under a name that still tells where it is from.
unpack_font() {
    local packed=("$here"/*.packed.sf2)
    [ -f "${packed[0]}" ] || fail "there is no packed SoundFont in $here"
    font=$work/$(basename "${packed[0]}" .packed.sf2).sf2
    [ -f "$font" ] && return
    say "unpacking $(basename "${packed[0]}")"
    "$program" soundfont --soundfont "${packed[0]}" --out "$font.part" >&2
    mv "$font.part" "$font"
}

render() {
    unpack_font
    say "rendering $hours hours of audio"
    "$program" corpus --out "$work/corpus" --hours "$hours" --seed "$seed" --soundfont "$font" --sources "$here/sources" \
        --threads "$threads" >"$work/corpus.log"
    say "the corpus takes $(du -sh "$work/corpus" | cut -f1)"
}

# A run that has not begun starts from what was carried here, if anything was.
begin() {
    [ -n "$start" ] || [ ! -d "$here/start" ] || start=$here/start
    [ -n "$start" ] && [ ! -d "$work/run" ] || return 0
    say "starting from $start"
    cp -r "$start" "$work/run.part" && mv "$work/run.part" "$work/run"
}

train() {
    begin
    say "training $preset on $device"
    local arguments=(train --corpus "$work/corpus" --run "$work/run" --preset "$preset" --device "$device")
    [ -z "$minutes" ] || arguments+=(--minutes "$minutes")
    if [ "$device" = torch-cuda ] && [ -f "$cuda" ]; then
        LD_PRELOAD=$cuda "$program" "${arguments[@]}"
    else
        "$program" "${arguments[@]}"
    fi
}

# What export needs, in parts of 15 MB: neither the optimiser nor the live weights, and no latents, which are made again.
collect() {
    say "collecting what is to be carried home"
    [ -f "$work/run/preset.toml" ] || fail "there is no run in $work/run"
    local list=$work/collected
    (cd "$work/run" && find . -type f \( -name average.bpk -o -name '*.json' -o -name preset.toml -o -name loss.svg \) \
        ! -name '*.new.*' | sort) >"$list"
    rm -f "$out"/run.tar.gz.* "$out"/run.sha256
    cp "$work/corpus/corpus.json" "$work/run/corpus.json" && echo ./corpus.json >>"$list"
    tar -C "$work/run" -czf - --verbatim-files-from -T <(sort -u "$list") | split -b 15M -d - "$out/run.tar.gz."
    (cd "$out" && sha256sum run.tar.gz.* >run.sha256)
    ls -l "$out" >&2
}

# A run that was told to stop still gives what it has come to.
stopped=0
trap 'stopped=1' INT TERM

cuda=''
case $device in torch*) find_libraries ;; esac
if wanted render; then render; fi
status=0
if wanted train; then train || status=$?; fi
if wanted collect; then collect; fi
[ "$status" = 0 ] || fail "training ended early (status $status): call again to go on"
[ "$stopped" = 0 ] || fail "told to stop: call again to go on"
say "done"
