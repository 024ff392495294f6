using System.CommandLine;
using System.Globalization;

namespace BeBiDa.Cli;

/// <summary>Options that take a time or an age.</summary>
internal static class Moment
{
    /// <summary>Makes one; its value says which moment is meant, given the time.</summary>
    public static Option<Func<DateTimeOffset, DateTimeOffset>?> Option(string name, string description) =>
        new(name)
        {
            Description = description,
            HelpName = "WHEN",
            CustomParser = result =>
            {
                var text = result.Tokens is [{ Value: var value }] ? value : "";
                if (Duration.TryParse(text, out var ago))
                    return now => now - ago;
                if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var time))
                    return _ => time;
                result.AddError($"{name} takes a time (08:00, 2026-01-31T08:00) or an age (30m, 2h)");
                return null;
            },
        };
}
