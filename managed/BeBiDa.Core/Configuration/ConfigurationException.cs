namespace BeBiDa.Configuration;

/// <summary>A file or an option that BeBiDa reads cannot be used.</summary>
public sealed class ConfigurationException(IReadOnlyList<ConfigurationProblem> problems)
    : Exception(string.Join(Environment.NewLine, problems))
{
    /// <summary>One problem.</summary>
    public ConfigurationException(ConfigurationProblem problem)
        : this([problem]) { }

    /// <summary>One problem of no file, such as an option.</summary>
    public ConfigurationException(string text)
        : this(new ConfigurationProblem(text)) { }

    /// <summary>The problems, one line each.</summary>
    public IReadOnlyList<ConfigurationProblem> Problems { get; } = problems;
}
