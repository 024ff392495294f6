using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace BeBiDa.Configuration;

/// <summary>Reads YAML that may be nested without end: each level takes some of the stack, and a stack that is full ends the process.</summary>
public static class BoundedYaml
{
    /// <summary>How deep mappings and lists may be in one another; what we read needs seven levels.</summary>
    public const int Deepest = 64;

    /// <summary>Reads a text.</summary>
    /// <exception cref="YamlException">It is not YAML, or nested deeper than <see cref="Deepest"/>.</exception>
    public static YamlStream Load(string text)
    {
        RefuseDeep(text);
        var yaml = new YamlStream();
        yaml.Load(new StringReader(text));
        return yaml;
    }

    // The parser itself keeps its place in a list, not on the stack.
    private static void RefuseDeep(string text)
    {
        var parser = new Parser(new StringReader(text));
        for (var depth = 0; parser.MoveNext(); )
        {
            depth += parser.Current switch
            {
                MappingStart or SequenceStart => 1,
                MappingEnd or SequenceEnd => -1,
                _ => 0,
            };
            if (depth > Deepest)
                throw new YamlException(parser.Current!.Start, parser.Current.End, $"nested deeper than {Deepest} levels");
        }
    }
}
