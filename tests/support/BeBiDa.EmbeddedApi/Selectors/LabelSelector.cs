using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Selectors;

/// <summary>One condition on a label: its key and the values it must or must not have.</summary>
internal sealed record LabelRequirement(string Key, string Operator, string[] Values)
{
    public bool Matches(JsonObject? labels)
    {
        var value = labels?.Text(Key);
        return Operator switch
        {
            "In" => value is not null && Values.Contains(value),
            "NotIn" => value is null || !Values.Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            "Gt" => long.TryParse(value, out var number) && number > long.Parse(Values[0]),
            "Lt" => long.TryParse(value, out var number) && number < long.Parse(Values[0]),
            _ => false,
        };
    }
}

/// <summary>A label selector, from a query (<c>a=b,c in (d,e),!f</c>) or an object (<c>matchLabels</c>, <c>matchExpressions</c>).</summary>
internal sealed class LabelSelector(IReadOnlyList<LabelRequirement> requirements)
{
    public static readonly LabelSelector Everything = new([]);

    public static readonly LabelSelector Nothing = new([new("", "Exists", [])]);

    public bool IsEverything => requirements.Count == 0;

    public bool Matches(JsonObject? labels)
    {
        foreach (var requirement in requirements)
        {
            if (!requirement.Matches(labels))
                return false;
        }
        return true;
    }

    /// <summary>Null selects nothing and an empty selector everything, as in policy/v1.</summary>
    public static LabelSelector FromObject(JsonObject? selector)
    {
        if (selector is null)
            return Nothing;
        var requirements = new List<LabelRequirement>();
        foreach (var (key, value) in selector.Object("matchLabels") ?? [])
            requirements.Add(new(key, "In", [value.Text() ?? ""]));
        foreach (var expression in selector.Array("matchExpressions") ?? [])
            requirements.Add(
                new(
                    expression.At("key").Text() ?? "",
                    expression.At("operator").Text() ?? "",
                    [.. (expression.Array("values") ?? []).Select(value => value.Text() ?? "")]
                )
            );
        return new(requirements);
    }

    public static LabelSelector Parse(string? query)
    {
        if (string.IsNullOrWhiteSpace(query))
            return Everything;
        return new([.. Split(query).Select(ParseRequirement)]);
    }

    private static IEnumerable<string> Split(string query)
    {
        var depth = 0;
        var start = 0;
        for (var i = 0; i < query.Length; i++)
        {
            switch (query[i])
            {
                case '(':
                    depth++;
                    break;
                case ')':
                    depth--;
                    break;
                case ',' when depth == 0:
                    yield return query[start..i].Trim();
                    start = i + 1;
                    break;
            }
        }
        if (depth != 0)
            throw Unparsable(query);
        yield return query[start..].Trim();
    }

    private static LabelRequirement ParseRequirement(string text)
    {
        if (text.StartsWith('!'))
            return new(Key(text[1..], text), "DoesNotExist", []);
        foreach (var (sign, meaning) in new[] { ("!=", "NotIn"), ("==", "In"), ("=", "In"), (">", "Gt"), ("<", "Lt") })
        {
            var at = text.IndexOf(sign, StringComparison.Ordinal);
            if (at > 0 && !text.Contains('('))
            {
                var value = text[(at + sign.Length)..].Trim();
                if (meaning is "Gt" or "Lt" && !long.TryParse(value, out _))
                    throw Unparsable(text);
                return new(Key(text[..at], text), meaning, [value]);
            }
        }
        var words = text.Split((char[])[' ', '('], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (words.Length == 1 && !text.Contains('('))
            return new(Key(text, text), "Exists", []);
        var open = text.IndexOf('(');
        var close = text.LastIndexOf(')');
        if (words.Length < 2 || words[1] is not ("in" or "notin") || open < 0 || close < open)
            throw Unparsable(text);
        var values = text[(open + 1)..close].Split(',', StringSplitOptions.TrimEntries);
        return new(Key(words[0], text), words[1] == "in" ? "In" : "NotIn", values);
    }

    private static string Key(string key, string whole)
    {
        var trimmed = key.Trim();
        return trimmed.Length > 0 && trimmed.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/')
            ? trimmed
            : throw Unparsable(whole);
    }

    private static ApiError Unparsable(string text) =>
        ApiError.BadRequest($"unable to parse requirement: found '{text}', expected: a label selector");
}
