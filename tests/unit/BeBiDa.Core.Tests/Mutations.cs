using CsCheck;

namespace BeBiDa.Tests;

/// <summary>Texts that are nearly what is expected: some place of a good one is left out, doubled, or written over.</summary>
internal static class Mutations
{
    // What means something in YAML, JSON or one of our keys, and what means nothing anywhere.
    private static readonly Gen<string> Piece = Gen.OneOf<string>(
        Gen.OneOf(
            ":",
            "\n",
            "  ",
            "- ",
            "[",
            "]",
            "{",
            "}",
            "\"",
            "'",
            "&a ",
            "*a",
            "!!map ",
            "---\n",
            "#",
            "null",
            "~",
            "-1",
            "99999999999999999999",
            "1e400",
            "0",
            "30s",
            ".",
            "/",
            "\0",
            "\uFEFF",
            "\u0080",
            "\\ud800",
            "\ud800",
            "é",
            "\t"
        ),
        Gen.String[0, 8]
    );

    private static readonly Gen<(int Way, int At, int Length, string Piece)> Change = Gen.Select(
        Gen.Int[0, 2],
        Gen.Int[0, 1 << 16],
        Gen.Int[0, 24],
        Piece
    );

    /// <summary>Some of these texts, changed in up to eight places.</summary>
    public static Gen<string> Of(params string[] good) =>
        Gen.Select(Gen.OneOf(good), Change.Array[0, 8], (text, changes) => changes.Aggregate(text, Apply));

    private static string Apply(string text, (int Way, int At, int Length, string Piece) change)
    {
        var at = change.At % (text.Length + 1);
        var end = Math.Min(text.Length, at + change.Length);
        return change.Way switch
        {
            0 => text[..at] + text[end..],
            1 => text[..end] + text[at..],
            _ => text[..at] + change.Piece + text[end..],
        };
    }
}
