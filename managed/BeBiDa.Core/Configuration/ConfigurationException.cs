namespace BeBiDa.Configuration;

/// <summary>A file that BeBiDa reads cannot be used; each problem names file, line and key.</summary>
public sealed class ConfigurationException(IReadOnlyList<string> problems) : Exception(string.Join(Environment.NewLine, problems))
{
    /// <summary>One problem.</summary>
    public ConfigurationException(string problem)
        : this([problem]) { }

    /// <summary>The problems, one line each.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}
