//! Colours and sizes of the editor, all in one place.
//!
//! The status colours follow Okabe and Ito's palette ("Color Universal Design", 2008), lightened where the dark ground asks for it; they
//! are never the only sign, a word or an icon always stands beside them.
//!
//! **Thread.** The window's.

use egui::{Color32, Context, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle, Theme, vec2};

/// Behind everything.
pub const GROUND: Color32 = Color32::from_rgb(0x17, 0x1a, 0x1f);
/// Panels on the ground.
pub const PANEL: Color32 = Color32::from_rgb(0x1f, 0x23, 0x2a);
/// What can be touched.
pub const RAISED: Color32 = Color32::from_rgb(0x2b, 0x31, 0x3a);
/// The same under the pointer.
pub const HOVERED: Color32 = Color32::from_rgb(0x37, 0x3f, 0x4a);
/// Where waveforms and texts to be typed lie.
pub const SUNKEN: Color32 = Color32::from_rgb(0x11, 0x14, 0x18);
/// Thin lines.
pub const LINE: Color32 = Color32::from_rgb(0x3a, 0x42, 0x4d);

/// Text to be read.
pub const TEXT: Color32 = Color32::from_rgb(0xe4, 0xe8, 0xee);
/// Text that explains.
pub const QUIET: Color32 = Color32::from_rgb(0xa3, 0xad, 0xba);
/// Text of what is out of use.
pub const FAINT: Color32 = Color32::from_rgb(0x7c, 0x87, 0x95);

/// What is turned up, chosen or switched on.
pub const ACCENT: Color32 = Color32::from_rgb(0x56, 0xb4, 0xe9);
/// The same as a fill under text.
pub const ACCENT_FILL: Color32 = Color32::from_rgb(0x24, 0x4f, 0x6b);
/// The dry sound.
pub const DRY: Color32 = Color32::from_rgb(0x76, 0x82, 0x92);
/// A take, over the dry sound.
pub const TAKE: Color32 = Color32::from_rgb(0x3c, 0xcf, 0xa0);
/// The playhead.
pub const PLAYHEAD: Color32 = Color32::from_rgb(0xf5, 0xf7, 0xfa);
/// What asks for attention without being an error.
pub const WARNING: Color32 = Color32::from_rgb(0xf0, 0xb4, 0x3c);

/// Okabe and Ito's colours for statuses.
pub const SKY: Color32 = Color32::from_rgb(0x56, 0xb4, 0xe9);
/// Being made.
pub const ORANGE: Color32 = Color32::from_rgb(0xf0, 0xa8, 0x30);
/// Ready.
pub const GREEN: Color32 = Color32::from_rgb(0x3c, 0xcf, 0xa0);
/// Playing.
pub const YELLOW: Color32 = Color32::from_rgb(0xf0, 0xe4, 0x42);
/// Late.
pub const PINK: Color32 = Color32::from_rgb(0xe0, 0x9a, 0xc2);
/// Failed.
pub const VERMILION: Color32 = Color32::from_rgb(0xff, 0x7d, 0x45);

/// Smallest window, in points.
pub const SMALLEST: (f32, f32) = (720.0, 420.0);
/// Window at first, in points.
pub const FIRST: (f32, f32) = (1040.0, 700.0);
/// Height of the header.
pub const HEADER_HEIGHT: f32 = 38.0;
/// Width of the panel of settings.
pub const SETTINGS_WIDTH: f32 = 212.0;
/// Width of the panel of the selection.
pub const SELECTED_WIDTH: f32 = 222.0;
/// Height of the list of messages.
pub const MESSAGES_HEIGHT: f32 = 96.0;
/// Height of the line at the bottom.
pub const FOOTER_HEIGHT: f32 = 26.0;
/// Height of a bar's cell in the timeline, in a window of this height.
pub fn cell_height(window: f32) -> f32 {
    (0.18 * window).clamp(104.0, 200.0)
}

/// Height of a row with one setting.
pub const ROW_HEIGHT: f32 = 24.0;
/// Space between rows and between panels.
pub const GAP: f32 = 4.0;
/// One action's knob with its label of two lines; where one of a row has more, the row is higher.
pub const KNOB_CELL: egui::Vec2 = vec2(68.0, 74.0);
/// The knob itself.
pub const KNOB_RADIUS: f32 = 17.0;
/// Rounding of everything rounded.
pub const ROUND: u8 = 4;

/// Small text.
pub fn small() -> FontId {
    FontId::new(11.0, FontFamily::Proportional)
}

/// Text as everywhere.
pub fn body() -> FontId {
    FontId::new(13.0, FontFamily::Proportional)
}

/// Gives a window our looks.
pub fn apply(context: &Context) {
    context.set_theme(Theme::Dark);
    context.style_mut_of(Theme::Dark, |style| {
        style.text_styles = [
            (TextStyle::Small, small()),
            (TextStyle::Body, body()),
            (TextStyle::Button, body()),
            (TextStyle::Monospace, FontId::new(12.0, FontFamily::Monospace)),
            (TextStyle::Heading, FontId::new(16.0, FontFamily::Proportional)),
        ]
        .into();
        style.always_scroll_the_only_direction = true;
        style.animation_time = 0.0;
        let spacing = &mut style.spacing;
        spacing.item_spacing = vec2(6.0, GAP);
        spacing.button_padding = vec2(8.0, 3.0);
        spacing.interact_size = vec2(24.0, ROW_HEIGHT - 2.0);
        spacing.menu_margin = Margin::same(6);
        spacing.tooltip_width = 380.0;
        spacing.scroll.floating = false;
        spacing.scroll.bar_width = 7.0;
        spacing.scroll.bar_inner_margin = 3.0;
        spacing.scroll.bar_outer_margin = 0.0;
        spacing.scroll.foreground_color = false;
        let visuals = &mut style.visuals;
        visuals.panel_fill = PANEL;
        visuals.window_fill = PANEL;
        visuals.window_stroke = Stroke::new(1.0, LINE);
        visuals.window_shadow = Shadow::NONE;
        visuals.popup_shadow = Shadow { offset: [0, 3], blur: 10, spread: 0, color: Color32::from_black_alpha(120) };
        visuals.extreme_bg_color = SUNKEN;
        visuals.text_edit_bg_color = Some(SUNKEN);
        visuals.weak_text_color = Some(QUIET);
        visuals.selection.bg_fill = ACCENT_FILL;
        visuals.selection.stroke = Stroke::new(1.0, TEXT);
        visuals.warn_fg_color = WARNING;
        visuals.error_fg_color = VERMILION;
        let widgets = &mut visuals.widgets;
        for (state, fill, line, text) in [
            (&mut widgets.noninteractive, PANEL, LINE, TEXT),
            (&mut widgets.inactive, RAISED, LINE, TEXT),
            (&mut widgets.hovered, HOVERED, FAINT, TEXT),
            (&mut widgets.active, HOVERED, ACCENT, TEXT),
            (&mut widgets.open, HOVERED, FAINT, TEXT),
        ] {
            state.bg_fill = fill;
            state.weak_bg_fill = fill;
            state.bg_stroke = Stroke::new(1.0, line);
            state.fg_stroke = Stroke::new(1.0, text);
            state.corner_radius = CornerRadius::same(ROUND);
            state.expansion = 0.0;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance by WCAG 2.1.
    fn luminance(colour: Color32) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
    }

    fn contrast(one: Color32, other: Color32) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_text_stands_out_from_every_ground() {
        // 4.5 is WCAG's AA for text; what is out of use may be at 3, its limit for signs.
        for ground in [GROUND, PANEL, SUNKEN] {
            for text in [TEXT, QUIET, SKY, ORANGE, GREEN, YELLOW, PINK, VERMILION, WARNING] {
                assert!(contrast(text, ground) >= 4.5, "{text:?} on {ground:?}");
            }
            assert!(contrast(FAINT, ground) >= 3.0, "{ground:?}");
        }
        for ground in [RAISED, HOVERED, ACCENT_FILL] {
            assert!(contrast(TEXT, ground) >= 4.5, "{ground:?}");
        }
    }
}
