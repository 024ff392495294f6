using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace BeBiDa.Configuration;

/// <summary>One mapping of the file while it is read: knows the keys that were asked for, and collects problems.</summary>
internal sealed class ConfigurationSection(string file, string path, YamlMappingNode mapping, List<ConfigurationProblem> problems)
{
    private readonly SortedSet<string> known = new(StringComparer.Ordinal);
    private readonly HashSet<string> outdated = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ConfigurationSection> sections = [];

    public T Section<T>(string key, Func<ConfigurationSection, T> read)
    {
        var node = Find(key);
        if (node is not (null or YamlMappingNode) && !IsEmpty(node))
            Refuse(node, key, "expected a mapping of keys");
        var section = new ConfigurationSection(
            file,
            path.Length == 0 ? key : $"{path}.{key}",
            node as YamlMappingNode ?? new YamlMappingNode(),
            problems
        );
        sections[key] = section;
        var value = read(section);
        section.RefuseUnknownKeys();
        return value;
    }

    public string Text(string key, string missing, Func<string, string?>? check = null)
    {
        if (Scalar(key) is not { } scalar)
            return missing;
        if (check?.Invoke(scalar.Value!) is not { } problem)
            return scalar.Value!;
        Refuse(scalar, key, $"'{scalar.Value}' {problem}");
        return missing;
    }

    public string Required(string key, string example)
    {
        var value = Text(key, "");
        if (value.Length == 0)
            Add(mapping, key, "not set", $"{key}: {example}");
        return value;
    }

    public bool Flag(string key, bool missing) => Choice(key, missing, ("true", true), ("false", false));

    public int Number(string key, int missing, int least, int most)
    {
        if (Scalar(key) is not { } scalar)
            return missing;
        if (!int.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            Refuse(scalar, key, $"'{scalar.Value}' is not a whole number");
        else if (number < least || number > most)
            Refuse(scalar, key, $"{number} is out of range ({least} to {most})");
        else
            return number;
        return missing;
    }

    public TimeSpan Duration(string key, TimeSpan missing, TimeSpan least, TimeSpan most) =>
        DurationOr(key, null, missing, least, most) ?? missing;

    public TimeSpan? DurationOr(string key, string? word, TimeSpan? missing, TimeSpan least, TimeSpan most)
    {
        if (Scalar(key) is not { } scalar)
            return missing;
        if (scalar.Value == word)
            return null;
        if (!BeBiDa.Duration.TryParse(scalar.Value!, out var duration))
            Refuse(scalar, key, $"'{scalar.Value}' is not a duration such as 30s, 1m30s or 500ms{(word is null ? "" : $", nor '{word}'")}");
        else if (duration < least || duration > most)
            Refuse(scalar, key, $"{scalar.Value} is out of range ({BeBiDa.Duration.Format(least)} to {BeBiDa.Duration.Format(most)})");
        else
            return duration;
        return missing;
    }

    public T Choice<T>(string key, T missing, params (string Word, T Value)[] choices)
    {
        if (Scalar(key) is not { } scalar)
            return missing;
        foreach (var (word, value) in choices)
            if (scalar.Value == word)
                return value;
        Refuse(scalar, key, $"'{scalar.Value}' is not one of {string.Join(", ", choices.Select(c => c.Word))}");
        return missing;
    }

    public IReadOnlyList<string> Patterns(string key, IReadOnlyList<string> missing) => Names(key, missing, _ => null);

    public IReadOnlyList<string> Names(string key, IReadOnlyList<string> missing, Func<string, string?> check)
    {
        var node = Find(key);
        if (node is null || IsEmpty(node))
            return missing;
        if (node is not YamlSequenceNode sequence)
        {
            Refuse(node, key, "expected a list, such as [\"batch\", \"gpu*\"]");
            return missing;
        }
        var names = new List<string>();
        foreach (var item in sequence)
            if (item is not YamlScalarNode { Value: { Length: > 0 } name })
                Refuse(item, key, "expected a name or pattern");
            else if (check(name) is { } problem)
                Refuse(item, key, $"'{name}' {problem}");
            else if (names.Contains(name))
                Refuse(item, key, $"{name} is listed twice");
            else
                names.Add(name);
        return names;
    }

    public IReadOnlyDictionary<string, string> Map(string key, IReadOnlyDictionary<string, string> missing)
    {
        var node = Find(key);
        if (node is null || IsEmpty(node))
            return missing;
        if (node is not YamlMappingNode entries)
        {
            Refuse(node, key, "expected a mapping, such as {n1: worker-1.example.org}");
            return missing;
        }
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in entries)
            if (name is not YamlScalarNode { Value: { Length: > 0 } from } || value is not YamlScalarNode { Value: { Length: > 0 } to })
                Refuse(value, key, "expected the name of a Slurm node, and that of a Kubernetes node");
            else if (!named.TryAdd(to, from))
                Refuse(value, key, $"{from} and {named[to]} are both mapped to {to}");
            else
                map[from] = to;
        return map;
    }

    /// <summary>A mapping from patterns of Slurm's names to how many nodes.</summary>
    public IReadOnlyDictionary<string, int> Counts(string key, IReadOnlyDictionary<string, int> missing, int most)
    {
        var node = Find(key);
        if (node is null || IsEmpty(node))
            return missing;
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        if (node is not YamlMappingNode entries)
            Refuse(node, key, "expected a mapping, such as {\"gpu*\": 2}");
        else
            foreach (var (name, value) in entries)
                if (
                    name is YamlScalarNode { Value: { Length: > 0 } patterns }
                    && value is YamlScalarNode { Value: { } text }
                    && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                    && count >= 1
                    && count <= most
                )
                    counts[patterns] = count;
                else
                    Refuse(value, key, $"expected the names of Slurm nodes, and a number from 1 to {most}");
        return counts;
    }

    /// <summary>Reports a key of an earlier release where it lists something; the file stays valid.</summary>
    public void Outdated(string key, string problem, string write)
    {
        outdated.Add(key);
        if (
            mapping.Children.TryGetValue(new YamlScalarNode(key), out var node)
            && node is not YamlSequenceNode { Children: [] }
            && !IsEmpty(node)
        )
            Add(node, key, problem, write, isOutdated: true);
    }

    public void RefuseUnknownKeys()
    {
        foreach (var (key, _) in mapping)
            if (key is YamlScalarNode { Value: { } name } && !known.Contains(name) && !outdated.Contains(name))
                Add(key, name, $"unknown key; the keys here are {string.Join(", ", known)}");
    }

    /// <summary>Refuses values that contradict each other, at the first of their keys (as section.key) that the file sets.</summary>
    public void RefuseFirstSet(IReadOnlyList<string> keys, string problem)
    {
        foreach (var key in keys)
        {
            var dot = key.IndexOf('.', StringComparison.Ordinal);
            var section = sections[key[..dot]];
            if (section.Find(key[(dot + 1)..]) is not { } node)
                continue;
            section.Refuse(node, key[(dot + 1)..], problem);
            return;
        }
    }

    private YamlScalarNode? Scalar(string key)
    {
        var node = Find(key);
        if (node is null || IsEmpty(node))
            return null;
        if (node is YamlScalarNode scalar)
            return scalar;
        Refuse(node, key, "expected a single value");
        return null;
    }

    private YamlNode? Find(string key)
    {
        known.Add(key);
        return mapping.Children.TryGetValue(new YamlScalarNode(key), out var node) ? node : null;
    }

    // "key:" with nothing after it leaves the default, as an empty section does.
    private static bool IsEmpty(YamlNode node) => node is YamlScalarNode { Value: "" or null or "~" or "null", Style: ScalarStyle.Plain };

    private void Refuse(YamlNode node, string key, string problem) => Add(node, key, problem);

    private void Add(YamlNode node, string key, string text, string? write = null, bool isOutdated = false) =>
        problems.Add(
            new ConfigurationProblem(text)
            {
                File = file,
                Line = Math.Max(1, node.Start.Line),
                Key = path.Length == 0 ? key : $"{path}.{key}",
                Write = write,
                IsOutdated = isOutdated,
            }
        );
}
