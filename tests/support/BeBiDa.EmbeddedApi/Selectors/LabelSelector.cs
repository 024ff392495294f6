using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Selectors;

/// <summary>One condition on a label: its key and the value it must or must not have.</summary>
internal sealed record LabelRequirement(string Key, string Operator, string Value)
{
    public bool Matches(JsonObject? labels)
    {
        var value = labels?.Text(Key);
        return Operator switch
        {
            "In" => value == Value,
            "NotIn" => value != Value,
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            _ => false,
        };
    }
}

/// <summary>A label selector, from a query (<c>a=b,c!=d,e,!f</c>) or an object's <c>matchLabels</c>; no client here uses sets.</summary>
internal sealed class LabelSelector(IReadOnlyList<LabelRequirement> requirements)
{
    public static readonly LabelSelector Everything = new([]);

    public static readonly LabelSelector Nothing = new([new("", "Exists", "")]);

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
            requirements.Add(new(key, "In", value.Text() ?? ""));
        if (selector["matchExpressions"] is not null)
            throw ApiError.BadRequest("matchExpressions are not served here");
        return new(requirements);
    }

    public static LabelSelector Parse(string? query)
    {
        if (string.IsNullOrWhiteSpace(query))
            return Everything;
        return new([.. query.Split(',', StringSplitOptions.TrimEntries).Select(ParseRequirement)]);
    }

    private static LabelRequirement ParseRequirement(string text)
    {
        if (text.StartsWith('!'))
            return new(Key(text[1..], text), "DoesNotExist", "");
        foreach (var (sign, meaning) in new[] { ("!=", "NotIn"), ("==", "In"), ("=", "In") })
        {
            var at = text.IndexOf(sign, StringComparison.Ordinal);
            if (at > 0)
                return new(Key(text[..at], text), meaning, text[(at + sign.Length)..].Trim());
        }
        return new(Key(text, text), "Exists", "");
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
