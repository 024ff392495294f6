using System.CommandLine;

namespace BeBiDa.Cli;

/// <summary>Options that take a duration.</summary>
internal static class DurationOption
{
    /// <summary>Makes one; its value is null where it is not given.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it is for, with its default.</param>
    /// <param name="least">The shortest that it takes.</param>
    /// <param name="most">The longest; null for any.</param>
    public static Option<TimeSpan?> Create(string name, string description, TimeSpan least = default, TimeSpan? most = null) =>
        new(name)
        {
            Description = description,
            HelpName = "DURATION",
            CustomParser = result =>
            {
                if (Duration.TryParse(result.Tokens[0].Value, out var span) && span >= least && !(span > most))
                    return span;
                var bounds =
                    most is { } longest ? $" of {Duration.Format(least)} to {Duration.Format(longest)}"
                    : least > TimeSpan.Zero ? $" of {Duration.Format(least)} or more"
                    : "";
                result.AddError($"{name} takes a duration{bounds} (30s, 5m, 1h30m), not '{result.Tokens[0].Value}'");
                return null;
            },
        };
}
