using System.Text.Json;

namespace BeBiDa.Bench;

/// <summary>A target, what was found, and where it is missed, what holds it back.</summary>
public sealed record Target(string What, string Goal, string Found, bool Met, string Why);

/// <summary>A curve of the plot: seconds over nodes.</summary>
public sealed record Curve(string Name, string Peer, int Pods, IReadOnlyList<CurvePoint> Points);

/// <summary>One of its points.</summary>
public sealed record CurvePoint(int Nodes, double Seconds);

/// <summary>The result of one measurement, as the document shows it.</summary>
public sealed record Section
{
    public required string Name { get; init; }

    public required string Title { get; init; }

    /// <summary>When, and beside what: "2026-01-02 03:04, load 0.1 before and 1.9 after, commit abc".</summary>
    public string Circumstances { get; set; } = "";

    public List<string> Lines { get; init; } = [];

    public List<Target> Targets { get; init; } = [];

    public List<Curve> Curves { get; init; } = [];

    /// <summary>A paragraph.</summary>
    public void Text(string text) => Lines.AddRange([text, ""]);

    /// <summary>What a command prints, as it is.</summary>
    public void Verbatim(string text) => Lines.AddRange(["```", text.Trim(), "```", ""]);

    /// <summary>A table; all columns but the first are numbers.</summary>
    public void Table(IReadOnlyList<string> head, IEnumerable<IReadOnlyList<string>> rows)
    {
        Lines.Add(Row(head));
        Lines.Add("|---|" + string.Concat(Enumerable.Repeat("---:|", head.Count - 1)));
        Lines.AddRange(rows.Select(Row));
        Lines.Add("");
    }

    /// <summary>Something that is claimed.</summary>
    /// <param name="what">What it is about.</param>
    /// <param name="goal">What is wanted.</param>
    /// <param name="found">What was found.</param>
    /// <param name="met">Whether that is good enough.</param>
    /// <param name="why">What holds it back where it is not.</param>
    public void Claim(string what, string goal, string found, bool met, string why = "") =>
        Targets.Add(new Target(what, goal, found, met, met ? "" : why));

    public static Section? Load(string file) => File.Exists(file) ? JsonSerializer.Deserialize<Section>(File.ReadAllText(file)) : null;

    public void Save(string file) => File.WriteAllText(file, JsonSerializer.Serialize(this));

    private static string Row(IReadOnlyList<string> cells) => $"| {string.Join(" | ", cells)} |";
}
