using System.Text.RegularExpressions;

namespace BeBiDa.EmbeddedApi.Tests;

/// <summary>One request of a scenario, and what a real server answered.</summary>
/// <param name="Lines">The request and its body, as they stand in the record.</param>
/// <param name="Answer">The code, and the body as one line of JSON.</param>
internal sealed partial record Step(string[] Lines, string Answer)
{
    private static readonly Dictionary<string, string> Types = new()
    {
        ["apply"] = ApiClient.ApplyPatch,
        ["merge"] = ApiClient.MergePatch,
        ["strategic"] = ApiClient.StrategicPatch,
        ["json-patch"] = ApiClient.JsonPatch,
    };

    private string[] Words => Lines[0].Split(' ');

    /// <summary>Only the code is compared.</summary>
    public bool CodeOnly => Words.Contains("code-only");

    /// <summary>Field ownership is not compared.</summary>
    public bool WithoutManagers => Words.Contains("without-managers");

    /// <summary>As what later steps know this object: <c>${x.uid}</c> and <c>${x.version}</c>.</summary>
    public string? Remember => Option("remember");

    public Task<Answer> Send(ApiClient client, Dictionary<string, string> known)
    {
        var type = Option("type") ?? Words.Select(Types.GetValueOrDefault).FirstOrDefault(found => found is not null) ?? ApiClient.Json;
        var body = Lines.Length > 1 ? Fill(Lines[1], known) : null;
        return client.Send(new HttpMethod(Words[0]), Fill(Words[1], known), body is null ? null : type, body, Option("accept"));
    }

    private string? Option(string name) => Words.Skip(2).FirstOrDefault(word => word.StartsWith(name + '='))?[(name.Length + 1)..];

    private static string Fill(string text, Dictionary<string, string> known) =>
        Placeholder().Replace(text, match => known.GetValueOrDefault(match.Groups[1].Value, match.Value));

    [GeneratedRegex(@"\$\{([a-z0-9.]+)\}")]
    private static partial Regex Placeholder();
}

/// <summary>Requests that clients really make, one after the other, in a file of <c>Recorded</c>.</summary>
internal static class Scenario
{
    public static IEnumerable<string> Names =>
        Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Recorded")).Select(Path.GetFileNameWithoutExtension).Order()!;

    public static List<Step> Read(string file) =>
        [.. File.ReadAllText(file).Trim().Split("\n\n").Select(step => step.Split('\n')).Select(lines => new Step(lines[..^1], lines[^1]))];
}
