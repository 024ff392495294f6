using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace BeBiDa.EmbeddedApi.Tests;

/// <summary>
/// The same requests, in the same order, to both servers. What a real one answered is recorded beside this file: where a
/// real one is present it must still answer so, and what the embedded one answers differently is its defect.
/// </summary>
/// <remarks>BEBIDA_RECORD=1 records anew what the real server answers.</remarks>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed partial class SameAnswers(ApiServerKind kind)
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    [TestCaseSource(typeof(Scenarios), nameof(Scenarios.Names))]
    public async Task Answers_are_those_of_a_real_server(string scenario)
    {
        var steps = Scenarios.ByName(scenario);
        var answers = await Run(kind, steps);
        var answered = string.Concat(steps.Select((step, i) => $"# {step.Method} {step.Path}\n{answers[i]}\n\n"));
        var record = Path.Combine("Recorded", Regex.Replace(scenario, "[^a-z]+", "-") + ".txt");
        if (kind == ApiServerKind.Real && Environment.GetEnvironmentVariable("BEBIDA_RECORD") == "1")
        {
            await File.WriteAllTextAsync(Path.Combine(SourceFolder(), record), answered);
            return;
        }
        var recorded = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, record));
        if (answered != recorded)
            Assert.Fail(LineDifference.Of(recorded, answered));
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    private static async Task<List<string>> Run(ApiServerKind kind, IReadOnlyList<Step> steps)
    {
        var server = await SharedServers.Get(kind);
        using var client = new ApiClient(server, server.AdminKubeconfig);
        var known = new Dictionary<string, string>();
        var answers = new List<string>();
        foreach (var step in steps)
        {
            var answer = await client.Send(
                new HttpMethod(step.Method),
                Fill(step.Path, known),
                step.ContentType,
                step.Body is null ? null : Fill(step.Body, known),
                step.Accept
            );
            if (step.Remember is { } remembered && answer.At("metadata", "uid") is { } uid)
            {
                known[$"{remembered}.uid"] = uid.GetValue<string>();
                known[$"{remembered}.version"] = answer.Version;
            }
            if (step.WithoutManagers)
                (answer.At("metadata") as JsonObject)?.Remove("managedFields");
            if (!step.Silent)
                answers.Add($"{answer.Code}\n{Comparable(answer.Body)}");
            else
                answers.Add($"{answer.Code}");
        }
        return answers;
    }

    private static string Fill(string text, Dictionary<string, string> known) =>
        Placeholder().Replace(text, match => known.TryGetValue(match.Groups[1].Value, out var value) ? value : match.Value);

    private static string Comparable(JsonNode? node) => Sorted(node)?.ToJsonString(Indented) ?? "";

    private static JsonNode? Sorted(JsonNode? node, string name = "")
    {
        switch (node)
        {
            case JsonObject map:
                var sorted = new JsonObject();
                foreach (var (key, value) in map.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    // A null says no more than nothing does.
                    if (value is null || key is "remainingItemCount")
                        continue;
                    sorted[Masked(key)] = Sorted(value, key);
                }
                return sorted;
            // The API server builds both from a map, in any order.
            case JsonArray list when name is "managedFields" or "causes":
                return new JsonArray([.. list.Select(item => Sorted(item)).OrderBy(item => item!.ToJsonString(), StringComparer.Ordinal)]);
            case JsonArray list:
                return new JsonArray([.. list.Select(item => Sorted(item))]);
            case JsonValue value when value.TryGetValue<string>(out var text):
                return name is "resourceVersion" ? "<version>" : Masked(text);
            default:
                return node?.DeepClone();
        }
    }

    private static string Masked(string text) => Time().Replace(Uid().Replace(text, "<uid>"), "<time>");

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Uid();

    [GeneratedRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")]
    private static partial Regex Time();

    [GeneratedRegex(@"\$\{([a-z0-9.]+)\}")]
    private static partial Regex Placeholder();
}
