//! Where the text of a setting comes from.

use super::{ConfigError, FILE, variables};
use std::collections::BTreeMap;
use toml::{Table, Value};

/// The environment, and behind it the settings file.
pub struct Source<'a> {
    env: &'a dyn Fn(&str) -> Option<String>,
    file: BTreeMap<String, String>,
}

impl<'a> Source<'a> {
    /// Reads the table `[settings]` of `file`.
    ///
    /// # Errors
    /// When it is no TOML, or sets something that is no setting.
    pub fn new(
        env: &'a dyn Fn(&str) -> Option<String>,
        file: Option<&str>,
    ) -> Result<Self, ConfigError> {
        // The error's own text shows the line, which may hold a secret.
        let table: Table = file
            .unwrap_or_default()
            .parse()
            .map_err(|error: toml::de::Error| ConfigError::new(FILE, error.message()))?;
        let mut settings = BTreeMap::new();
        match table.get("settings") {
            None => {}
            Some(Value::Table(table)) => {
                for (name, value) in table {
                    settings.insert(name.clone(), text(name, value)?);
                }
            }
            Some(_) => return Err(ConfigError::new(FILE, "[settings] must be a table")),
        }
        Ok(Self {
            env,
            file: settings,
        })
    }

    /// The text of `name`, or of the file that `name` with `_FILE` at its end names, exactly as given.
    ///
    /// # Errors
    /// When both are given in one place, or the file cannot be read.
    pub fn raw(&self, name: &str) -> Result<Option<String>, ConfigError> {
        let from_file = |name: &str| self.file.get(name).cloned();
        let by_path = format!("{name}_FILE");
        for place in [self.env, &from_file as &dyn Fn(&str) -> Option<String>] {
            match (
                place(name),
                place(&by_path).filter(|path| !path.trim().is_empty()),
            ) {
                (Some(_), Some(_)) => {
                    return Err(ConfigError::new(
                        name,
                        format!("is set, and so is {by_path}; set one of them"),
                    ));
                }
                (Some(text), None) => return Ok(Some(text)),
                (None, Some(path)) => {
                    return std::fs::read_to_string(&path)
                        .map(|text| Some(text.trim_end_matches(['\r', '\n']).to_owned()))
                        .map_err(|error| {
                            ConfigError::new(&by_path, format!("{path} cannot be read: {error}"))
                        });
                }
                (None, None) => {}
            }
        }
        Ok(None)
    }

    /// The trimmed text of `name`; a blank one counts as none, as compose files write it.
    ///
    /// # Errors
    /// As [`Source::raw`].
    pub fn get(&self, name: &str) -> Result<Option<String>, ConfigError> {
        Ok(self
            .raw(name)?
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty()))
    }

    /// The value of `name`; `parse` answers with what it expects instead.
    ///
    /// # Errors
    /// As [`Source::raw`], and when `parse` refuses.
    pub fn read<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let text = self.get(name)?;
        text.map(|text| {
            parse(&text).map_err(|expected| ConfigError::new(name, format!("expected {expected}")))
        })
        .transpose()
    }
}

fn text(name: &str, value: &Value) -> Result<String, ConfigError> {
    let variable = name.strip_suffix("_FILE").unwrap_or(name);
    if !variables().any(|known| known == variable) {
        return Err(ConfigError::new(
            name,
            format!("is no setting; see [settings] in {FILE}"),
        ));
    }
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        _ => Err(ConfigError::new(name, "expected a string or a number")),
    }
}
