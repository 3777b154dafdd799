//! A day and a time of day, as files carry them.

/// A second of the calendar, in whatever zone the caller keeps; the file does not say which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

/// Why a date was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} in the calendar")]
pub struct DateError {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

const SECONDS_A_DAY: u64 = 86_400;

/// The last second that four digits of a year can say: the end of 9999.
const LAST: u64 = 253_402_300_799;

impl Date {
    /// A day, counted from 1, and a time of day.
    ///
    /// # Errors
    /// [`DateError`] when the calendar has no such second: the 31st of June, 24 o'clock, or a year past 9999.
    pub fn new(year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Result<Self, DateError> {
        let is_day = year <= 9_999 && (1..=12).contains(&month) && (1..=days_in(u64::from(year), month)).contains(&day);
        if is_day && hour < 24 && minute < 60 && second < 60 {
            Ok(Date { year, month, day, hour, minute, second })
        } else {
            Err(DateError { year, month, day, hour, minute, second })
        }
    }

    /// The second in universal time (UTC) that lies so many seconds after the start of 1970, as systems count; no later than the end of
    /// 9999.
    pub fn utc(seconds_since_1970: u64) -> Self {
        let seconds = seconds_since_1970.min(LAST);
        let (mut days, time) = (seconds / SECONDS_A_DAY, seconds % SECONDS_A_DAY);
        let mut year = 1970;
        while days >= days_in_year(year) {
            days -= days_in_year(year);
            year += 1;
        }
        let mut month = 1;
        while days >= u64::from(days_in(year, month)) {
            days -= u64::from(days_in(year, month));
            month += 1;
        }
        Date {
            year: year as u16,
            month,
            day: days as u8 + 1,
            hour: (time / 3_600) as u8,
            minute: (time / 60 % 60) as u8,
            second: (time % 60) as u8,
        }
    }

    /// `yyyy-mm-dd`.
    pub fn day_text(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// `hh:mm:ss`.
    pub fn time_text(self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in_year(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

/// The days of a month from 1 to 12.
fn days_in(year: u64, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_since_1970_are_the_calendar_that_date_prints() {
        // Each line by `date -u -d @SECONDS '+%F %T'` of GNU coreutils.
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_400, "2000-02-29 00:00:00"),
            (1_709_251_199, "2024-02-29 23:59:59"),
            (1_709_251_200, "2024-03-01 00:00:00"),
            (4_107_542_400, "2100-03-01 00:00:00"),
            (253_402_300_799, "9999-12-31 23:59:59"),
        ] {
            let date = Date::utc(seconds);
            assert_eq!(format!("{} {}", date.day_text(), date.time_text()), text);
        }
        assert_eq!(Date::utc(u64::MAX), Date::utc(LAST));
    }

    #[test]
    fn days_and_times_that_do_not_exist_are_refused() {
        assert!(Date::new(2024, 2, 29, 23, 59, 59).is_ok());
        for (year, month, day, hour) in [(2023, 2, 29, 0), (1900, 2, 29, 0), (2024, 13, 1, 0), (2024, 6, 31, 0), (2024, 1, 1, 24)]
        {
            assert!(Date::new(year, month, day, hour, 0, 0).is_err(), "{year}-{month}-{day} {hour}");
        }
        let refused = Date::new(2023, 2, 29, 0, 0, 0).unwrap_err().to_string();
        assert_eq!(refused, "there is no 2023-02-29 00:00:00 in the calendar");
    }
}
