//! How the page's sources are served: lines that are comments alone are empty. The page is a third smaller over the wire so,
//! and every line keeps its number.

/// A script or a style without its comment lines. A line that holds anything else stays as it stands.
pub(crate) fn without_comments(source: &str) -> String {
    let mut is_inside = false;
    let mut served = String::with_capacity(source.len());
    for line in source.split_inclusive('\n') {
        let text = line.trim();
        let is_comment = if is_inside {
            is_inside = !text.ends_with("*/");
            true
        } else if text.starts_with("/*") {
            is_inside = !text.contains("*/");
            is_inside || text.ends_with("*/")
        } else {
            text.starts_with("//")
        };
        if !is_comment {
            served.push_str(line.trim_end_matches(['\r', '\n']));
        }
        if line.ends_with('\n') {
            served.push('\n');
        }
    }
    served
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comment_lines_are_empty_and_all_others_stay_where_they_are() {
        let source = "// What it is.\n\n/**\n * @param {string} text\n */\nconst a = 'http://x/*'; // why\n  // here\n/* one */\n\
                      /* two */ b();\n}\n";
        let expected = "\n\n\n\n\nconst a = 'http://x/*'; // why\n\n\n/* two */ b();\n}\n";
        assert_eq!(without_comments(source), expected);
        assert_eq!(without_comments("a\r\n/*\r\n*/\r\nb"), "a\n\n\nb");
    }

    /// A text over several lines could hold one that looks like a comment.
    #[test]
    fn no_script_has_a_text_over_several_lines() {
        for asset in crate::ui::assets().iter().filter(|asset| asset.content_type.starts_with("text/javascript")) {
            let text = std::str::from_utf8(&asset.content).unwrap();
            let odd: Vec<&str> = text.lines().filter(|line| line.matches('`').count() % 2 == 1).collect();
            // There a mark stands in a pattern.
            assert!(odd.len() <= usize::from(asset.path == "kit/fold.js"), "{}: {odd:?}", asset.path);
        }
    }
}
