namespace BeBiDa.Lab;

/// <summary>The lab itself could not do what was asked of it.</summary>
public sealed class LabException(string message) : Exception(message);
