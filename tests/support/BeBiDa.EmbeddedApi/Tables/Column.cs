using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Tables;

/// <summary>One column of a table that <c>kubectl get</c> prints; priority 1 only with <c>-o wide</c>.</summary>
internal sealed record Column(string Title, Func<JsonObject, DateTimeOffset, JsonNode?> Value, string Format = "", int Priority = 0)
{
    public static readonly Column Name = new("Name", (json, _) => json.At("metadata", "name")?.DeepClone(), Format: "name");

    public static readonly Column Age = new("Age", (json, now) => Since(json.At("metadata", "creationTimestamp").Text(), now));

    public static Column Text(string title, int priority, params string[] path) =>
        new(title, (json, _) => json.At(path).Text() ?? "<none>", Priority: priority);

    /// <summary>How long ago, as kubectl writes it: 5s, 2m3s, 4h, 3d.</summary>
    public static string Since(string? time, DateTimeOffset now)
    {
        if (Timestamps.Parse(time) is not { } then)
            return "<unknown>";
        var past = now - then;
        if (past < TimeSpan.Zero)
            return "0s";
        return past switch
        {
            { TotalSeconds: < 120 } => $"{(int)past.TotalSeconds}s",
            { TotalMinutes: < 10 } => past.Seconds == 0 ? $"{past.Minutes}m" : $"{past.Minutes}m{past.Seconds}s",
            { TotalHours: < 3 } => $"{(int)past.TotalMinutes}m",
            { TotalHours: < 8 } => past.Minutes == 0 ? $"{past.Hours}h" : $"{past.Hours}h{past.Minutes}m",
            { TotalHours: < 48 } => $"{(int)past.TotalHours}h",
            { TotalDays: < 8 } => past.Hours == 0 ? $"{past.Days}d" : $"{past.Days}d{past.Hours}h",
            _ => $"{(int)past.TotalDays}d",
        };
    }
}
