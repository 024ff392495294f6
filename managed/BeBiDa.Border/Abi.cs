namespace BeBiDa.Border;

/// <summary>native/bridge/bebida.h in C#; tests hold the two against each other.</summary>
public static class Abi
{
    /// <summary>BEBIDA_ABI_VERSION.</summary>
    public const uint Version = 4;
}

/// <summary>enum bebida_outcome.</summary>
public enum Outcome
{
    /// <summary>BEBIDA_DONE.</summary>
    Done = 0,

    /// <summary>BEBIDA_FAILED.</summary>
    Failed = 1,
}

/// <summary>enum bebida_log_level.</summary>
public enum HostLogLevel
{
    /// <summary>BEBIDA_LOG_ERROR.</summary>
    Error = 0,

    /// <summary>BEBIDA_LOG_INFO.</summary>
    Info = 1,

    /// <summary>BEBIDA_LOG_VERBOSE.</summary>
    Verbose = 2,

    /// <summary>BEBIDA_LOG_DEBUG.</summary>
    Debug = 3,
}

/// <summary>enum bebida_presence.</summary>
public enum Presence
{
    /// <summary>BEBIDA_GONE.</summary>
    Gone = 0,

    /// <summary>BEBIDA_PRESENT.</summary>
    Present = 1,

    /// <summary>BEBIDA_UNKNOWN.</summary>
    Unknown = 2,
}
